import { useComputedColorScheme } from '@mantine/core';
import { BarChart } from 'echarts/charts';
import { AriaComponent, GridComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import type { ChartProps } from './chart_props';

use([BarChart, GridComponent, AriaComponent, CanvasRenderer]);

function optionOf({ bars, vertical }: ChartProps, colour: (name: string) => string, font: string, narrow: boolean): EChartsCoreOption {
  const text = { color: colour('--yurai-ink'), fontFamily: font, fontSize: 12 };
  const names = {
    type: 'category', data: bars.map((bar) => bar.name), inverse: !vertical, axisTick: { show: false },
    axisLine: { lineStyle: { color: colour('--yurai-rule') } },
    axisLabel: { ...text, ...(vertical ? { hideOverlap: true } : { width: narrow ? 96 : 150, overflow: 'truncate' }) },
  };
  const values = {
    type: 'value', axisLabel: { show: false }, splitLine: { lineStyle: { color: colour('--yurai-rule') } }, splitNumber: 3,
  };
  const stripes = { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4, color: colour('--yurai-paper') };
  return {
    animation: false,
    // Names in charts are drawn on a canvas, never as markup; there is no tooltip for the same reason.
    grid: vertical ? { left: 8, right: 8, top: 26, bottom: 26, containLabel: false } : { left: narrow ? 108 : 164, right: 76, top: 4, bottom: 4 },
    xAxis: vertical ? names : values,
    yAxis: vertical ? values : names,
    series: [{
      type: 'bar', barMaxWidth: vertical ? 60 : 20, barCategoryGap: vertical ? '12%' : '38%',
      data: bars.map((bar) => ({
        value: bar.value,
        itemStyle: {
          color: colour(bar.unknown ? '--mantine-color-dimmed' : '--yurai-category-0'), borderRadius: vertical ? [3, 3, 0, 0] : [0, 3, 3, 0],
          ...(bar.unknown ? { decal: stripes } : {}),
        },
        label: { show: true, position: vertical ? 'top' : 'right', formatter: () => bar.label, ...text },
      })),
    }],
  };
}

export default function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const { bars, vertical, label } = props;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const style = getComputedStyle(element);
    const chart = init(element, null, { renderer: 'canvas' });
    const draw = () => {
      chart.resize();
      chart.setOption(optionOf({ bars, vertical, label }, (name) => style.getPropertyValue(name).trim(), style.fontFamily, element.clientWidth < 420));
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [bars, vertical, label, scheme]);
  return <div ref={box} role="img" aria-label={label} data-testid="chart" style={{ width: '100%', height: vertical ? 240 : Math.max(70, bars.length * 32 + 8) }} />;
}
