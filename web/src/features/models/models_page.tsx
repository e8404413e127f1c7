import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { api } from '../../api/client';
import type { Run } from '../../api/types';
import { wholeNumber } from '../../app/url_state';
import { Hash } from '../../components/hash';
import { Empty, Loading, Problem } from '../../components/states';
import { Foreign } from '../../components/visible_text';
import { formatCount, formatShare } from '../../text/format';
import { rowsOf } from './configuration';
import { Lineage } from './lineage';
import { LossCurve } from './loss_curve';
import classes from './models.module.css';
import { RunList } from './run_list';

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
            <tr key={name}><td className={classes.option}><Foreign text={name} /></td><td className={`numeric ${classes.value}`}><Foreign text={value} /></td></tr>
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
        {ledger.tokens_per_epoch !== null && <div><dt>{t('models.perEpoch')}</dt><dd>{formatCount(ledger.tokens_per_epoch, i18n.language)}</dd></div>}
      </dl>
      <Text size="sm" c="dimmed" mt="sm">{t('models.chainHead')}</Text>
      <Hash value={ledger.chain_head} testId="chain-head" />
    </section>
  );
}

/** Of another trainer, whose ledger is all that is here. */
const isImported = ({ run }: Run) => run.format === 'yurai-ledger';

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

function Details({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <>
      {!isImported(run) && <LossCurve metrics={run.metrics} />}
      {run.model ? <Shape model={run.model} />
        : <section className="sheet"><Text c="dimmed">{t(isImported(run) ? 'models.imported' : 'models.noCheckpoint')}</Text></section>}
      <div className={classes.pair}>
        <Lineage run={run} />
        <Configuration run={run} />
      </div>
      <LedgerHead ledger={run.ledger} />
    </>
  );
}

/** The training runs that the server shows: all beside each other where there are several, and one in full. */
export function ModelsPage() {
  const { t } = useTranslation();
  const [parameters] = useSearchParams();
  const answer = useQuery({ queryKey: ['runs'], queryFn: ({ signal }) => api.runs(signal), staleTime: Infinity });
  const runs = answer.data?.runs ?? [];
  const asked = (wholeNumber(parameters.get('run')) ?? 1) - 1;
  const chosen = asked >= 0 && asked < runs.length ? asked : 0;
  const run = runs[chosen];
  return (
    <div className="page">
      <Title order={1}>{t('models.title')}</Title>
      <Text c="dimmed" mb="lg">{t('models.lead')}</Text>
      {answer.isError ? <Problem error={answer.error} retry={() => void answer.refetch()} />
        : answer.isPending ? <Loading />
          : run === undefined ? <Absent />
            : (
              <div className={classes.stack}>
                {runs.length > 1 && <RunList runs={runs} chosen={chosen} />}
                <Details run={run} />
              </div>
            )}
    </div>
  );
}
