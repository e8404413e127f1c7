import type { Changes } from '../../app/url_state';

export interface ModeProps {
  parameters: URLSearchParams;
  change: (changes: Changes) => void;
}
