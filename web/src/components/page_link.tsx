import { Anchor, Button, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { address, type Changes } from '../app/url_state';
import { safeLink } from '../text/safe_link';
import { ExternalIcon } from './icons';

interface Target {
  path: string;
  parameters?: Changes;
  children: ReactNode;
}

/** A link to another page; the language goes along. */
export function PageLink({ path, parameters, children }: Target) {
  const [current] = useSearchParams();
  return <Anchor component={Link} to={address(path, current, parameters)} size="sm">{children}</Anchor>;
}

export function PageButton({ path, parameters, children, ...button }: Target & ButtonProps) {
  const [current] = useSearchParams();
  return <Button component={Link} to={address(path, current, parameters)} {...button}>{children}</Button>;
}

/** A link out of the page, for http and https only; nothing for any other address. */
export function OutsideLink({ url, children }: { url: string | null; children: ReactNode }) {
  const href = safeLink(url);
  if (href === null) return null;
  return (
    <Anchor href={href} target="_blank" rel="noopener noreferrer" size="sm" style={{ display: 'inline-flex', alignItems: 'center', gap: 4 }}>
      {children}<ExternalIcon size={14} />
    </Anchor>
  );
}
