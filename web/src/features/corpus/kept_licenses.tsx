import { Button, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Decisions } from '../../api/types';
import { Foreign } from '../../components/visible_text';
import { formatBytes, formatCount, formatShare, shortened } from '../../text/format';
import classes from './decisions.module.css';

const numRows = 10;

/** Licences before and after the chain; what states none has a row of its own. */
export function KeptLicenses({ licenses }: { licenses: Decisions['licenses'] }) {
  const { t, i18n } = useTranslation();
  const [all, setAll] = useState(false);
  const rows = [
    ...licenses.groups.map((group) => ({ ...group, label: group.name === null ? <Text span inherit c="dimmed">{t('corpus.unknown')}</Text> : <Foreign text={shortened(group.name, 120, 0)} /> })),
    ...(licenses.other.documents > 0 ? [{ ...licenses.other, label: <>{t('decisions.otherLicenses')}</> }] : []),
  ];
  const largest = Math.max(1, ...rows.map((row) => row.bytes));
  const count = (value: number) => formatCount(value, i18n.language);
  const bytes = (value: number) => formatBytes(value, i18n.language);
  return (
    <section className="sheet" aria-label={t('decisions.licenses')} data-testid="kept-licenses">
      <Title order={2} mb={12}>{t('decisions.licenses')}</Title>
      <div className="scroll-x">
        <table className={`table-plain ${classes.funnel}`}>
          <thead>
            <tr>
              <th scope="col">{t('corpus.name')}</th><th scope="col" aria-hidden="true" />
              <th scope="col" className="numeric">{t('decisions.documentsBefore')}</th><th scope="col" className="numeric">{t('decisions.documentsAfter')}</th>
              <th scope="col" className="numeric">{t('decisions.bytesBefore')}</th><th scope="col" className="numeric">{t('decisions.bytesAfter')}</th>
              <th scope="col" className="numeric">{t('decisions.bytesKept')}</th>
            </tr>
          </thead>
          <tbody>
            {(all ? rows : rows.slice(0, numRows)).map((row, index) => (
              <tr key={index}>
                <td>{row.label}</td>
                <td aria-hidden="true" style={{ width: '22%' }}>
                  <div className={classes.bar}>
                    <div className={classes.gone} style={{ width: `${(100 * row.bytes) / largest}%` }} />
                    <div className={classes.left} style={{ width: `${(100 * row.kept_bytes) / largest}%` }} />
                  </div>
                </td>
                <td className="numeric">{count(row.documents)}</td><td className="numeric">{count(row.kept)}</td>
                <td className="numeric">{bytes(row.bytes)}</td><td className="numeric">{bytes(row.kept_bytes)}</td>
                <td className="numeric">{row.bytes === 0 ? '–' : formatShare(row.kept_bytes / row.bytes, i18n.language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > numRows && (
        <Button mt="xs" size="xs" variant="default" onClick={() => setAll(!all)}>{all ? t('corpus.fewer') : t('corpus.all', { formatted: count(rows.length) })}</Button>
      )}
    </section>
  );
}
