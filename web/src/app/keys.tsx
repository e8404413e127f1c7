import { Modal, Table } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

const typesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['radio', 'checkbox', 'button'].includes(target.type)));

/** Whether a key press is meant for the page: not while composing, not while typing, no modifiers. */
export function isPageKey(event: KeyboardEvent): boolean {
  return !event.isComposing && event.keyCode !== 229 && !event.defaultPrevented &&
    !event.ctrlKey && !event.metaKey && !event.altKey && !typesText(event.target);
}

/** Calls `actions[event.key]` for keys pressed outside of text fields. */
export function useKeys(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  useEffect(() => { latest.current = actions; });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isPageKey(event)) return;
      const action = latest.current[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

export function KeyHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const rows = [
    ['j', t('keys.next')], ['k', t('keys.previous')], ['o', t('keys.open')], ['/', t('keys.search')],
    ['?', t('keys.help')], ['Esc', t('keys.escape')],
  ] as const;
  return (
    <Modal opened={opened} onClose={onClose} title={t('keys.title')} centered closeButtonProps={{ 'aria-label': t('trace.close') }}>
      <Table>
        <Table.Tbody>
          {rows.map(([key, what]) => (
            <Table.Tr key={key}><Table.Td w={70}><kbd>{key}</kbd></Table.Td><Table.Td>{what}</Table.Td></Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
