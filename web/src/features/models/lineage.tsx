import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Run } from '../../api/types';
import { Foreign } from '../../components/visible_text';
import { formatBytes, formatCount } from '../../text/format';
import classes from './models.module.css';

/** What the run was made from, oldest first: what stands behind the corpus, the tokenizer, the tokens. */
export function Lineage({ run }: { run: Run }) {
  const { t, i18n } = useTranslation();
  const count = (value: number) => formatCount(value, i18n.language);
  const facts = (known: Record<string, unknown> | undefined) => [
    ...(typeof known?.documents === 'number' ? [t('models.documents', { count: known.documents, formatted: count(known.documents) })] : []),
    ...(typeof known?.bytes === 'number' ? [formatBytes(known.bytes, i18n.language)] : []),
  ].join(' · ');
  return (
    <section className="sheet" aria-labelledby="run-lineage" data-testid="lineage">
      <Title order={2} id="run-lineage" mb="sm">{t('models.lineage')}</Title>
      <ol className={classes.lineage}>
        {run.lineage.map((step) => (
          <li key={step.checksum}><Foreign text={step.format} /> {facts(step.facts)}<small>SHA-256 {step.checksum.slice(0, 16)}…</small></li>
        ))}
        {run.run.tokenizer_sha256 && <li>{t('models.tokenizer')}<small>SHA-256 {run.run.tokenizer_sha256.slice(0, 16)}…</small></li>}
        <li>
          {run.run.tokens !== null && `${t('models.tokens', { count: run.run.tokens, formatted: count(run.run.tokens) })} · `}{t('models.documents', { count: run.run.documents, formatted: count(run.run.documents) })}
          {run.run.validation_documents !== null && <small>{t('models.keptApart', { count: run.run.validation_documents, formatted: count(run.run.validation_documents) })}</small>}
        </li>
        <li>{t('models.steps', { count: run.ledger.steps, formatted: count(run.ledger.steps) })}{run.model && <small><Foreign text={run.model.id} /></small>}</li>
      </ol>
    </section>
  );
}
