export interface Bar {
  name: string;
  value: number;
  label: string;
  /** Drawn apart: the documents that carry no name. */
  unknown: boolean;
}

export interface ChartProps {
  bars: Bar[];
  vertical: boolean;
  label: string;
}
