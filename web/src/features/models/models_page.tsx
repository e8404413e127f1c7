import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, ApiError } from '../../api/client';
import type { Run } from '../../api/types';
import { Hash } from '../../components/hash';
import { Empty, Loading, Problem } from '../../components/states';
import { Foreign } from '../../components/visible_text';
import { formatCount, formatShare } from '../../text/format';
import { rowsOf } from './configuration';
import { Lineage } from './lineage';
import { LossCurve } from './loss_curve';
import classes from './models.module.css';

const parts = ['embedding', 'attention', 'mlp', 'router', 'norm'] as const;

function Shape({ model }: { model: NonNullable<Run['model']> }) {
  const { t, i18n } = useTranslation();
  const count = (value: number) => formatCount(value, i18n.language);
  const { parameters, experts } = model;
  return (
    <section className="sheet" aria-labelledby="run-model" data-testid="run-model">
      <Title order={2} id="run-model"><Foreign text={model.id} /></Title>
      <Text size="sm" c="dimmed" mb="sm"><Foreign text={model.architecture} /></Text>
      <dl className={classes.totals}>
        <div><dt>{t('models.parameters')}</dt><dd>{count(parameters.total)}</dd></div>
        <div><dt>{t('models.active')}</dt><dd>{count(parameters.active)}</dd></div>
        <div><dt>{t('models.layers')}</dt><dd>{count(model.num_layers)}</dd></div>
        <div><dt>{t('models.hidden')}</dt><dd>{count(model.hidden_size)}</dd></div>
        <div><dt>{t('models.vocabulary')}</dt><dd>{count(model.vocabulary_size)}</dd></div>
        <div><dt>{t('models.context')}</dt><dd>{count(model.context_length)}</dd></div>
        {experts && <div><dt>{t('models.experts')}</dt><dd>{t('models.expertsValue', { used: count(experts.experts_per_token), all: count(experts.num_experts) })}</dd></div>}
      </dl>
      <table className="table-plain" style={{ marginTop: 14 }}>
        <thead><tr><th scope="col">{t('models.part')}</th><th scope="col" className="numeric">{t('models.parameters')}</th><th scope="col" className="numeric">{t('models.share')}</th></tr></thead>
        <tbody>{parts.filter((part) => parameters[part] > 0).map((part) => (
          <tr key={part}><td>{t(`models.part.${part}`)}</td><td className="numeric">{count(parameters[part])}</td><td className="numeric">{formatShare(parameters[part] / parameters.total, i18n.language)}</td></tr>
        ))}</tbody>
      </table>
    </section>
  );
}

function Configuration({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <section className="sheet" aria-labelledby="run-configuration" data-testid="configuration">
      <Title order={2} id="run-configuration" mb="sm">{t('models.configuration')}</Title>
      <div className={classes.scroll} tabIndex={0} role="region" aria-labelledby="run-configuration">
        <table className="table-plain">
          <thead><tr><th scope="col">{t('models.option')}</th><th scope="col" className="numeric">{t('models.value')}</th></tr></thead>
          <tbody>{rowsOf(run.run.configuration).map(([name, value]) => (
            <tr key={name}><td><Foreign text={name} /></td><td className="numeric"><Foreign text={value} /></td></tr>
          ))}</tbody>
        </table>
      </div>
    </section>
  );
}

function LedgerHead({ ledger }: { ledger: Run['ledger'] }) {
  const { t, i18n } = useTranslation();
  return (
    <section className="sheet" aria-labelledby="run-ledger" data-testid="ledger">
      <Title order={2} id="run-ledger">{t('models.ledger')}</Title>
      <Text size="sm" c="dimmed" mb="sm">{t('models.ledgerLead')}</Text>
      <dl className={classes.totals}>
        <div><dt>{t('models.ledgerSteps')}</dt><dd>{formatCount(ledger.steps, i18n.language)}</dd></div>
        <div><dt>{t('models.perEpoch')}</dt><dd>{formatCount(ledger.tokens_per_epoch, i18n.language)}</dd></div>
      </dl>
      <Text size="sm" c="dimmed" mt="sm">{t('models.chainHead')}</Text>
      <Hash value={ledger.chain_head} testId="chain-head" />
    </section>
  );
}

function Absent() {
  const { t } = useTranslation();
  return (
    <Empty>
      {t('models.absent')}<br />
      <code className={classes.commands} data-testid="how-to-train">
        {'yurai train configs/tiny.toml --out run\nyurai index build index --corpus run/corpus\nyurai serve --index index --model run'}
      </code>
    </Empty>
  );
}

/** The training run that the server shows. */
export function ModelsPage() {
  const { t } = useTranslation();
  const run = useQuery({
    queryKey: ['run'], queryFn: ({ signal }) => api.run(signal), staleTime: Infinity,
    retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status === 404),
  });
  const absent = run.error instanceof ApiError && run.error.status === 404;
  return (
    <div className="page">
      <Title order={1}>{t('models.title')}</Title>
      <Text c="dimmed" mb="lg">{t('models.lead')}</Text>
      {absent ? <Absent />
        : run.isError ? <Problem error={run.error} retry={() => void run.refetch()} />
          : run.isPending ? <Loading />
            : (
              <div className={classes.stack}>
                <LossCurve metrics={run.data.metrics} />
                {run.data.model ? <Shape model={run.data.model} /> : <section className="sheet"><Text c="dimmed">{t('models.noCheckpoint')}</Text></section>}
                <div className={classes.pair}>
                  <Lineage run={run.data} />
                  <Configuration run={run.data} />
                </div>
                <LedgerHead ledger={run.data.ledger} />
              </div>
            )}
    </div>
  );
}
