import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { api, ApiError } from '../../api/client';
import type { Decisions as Answer, DecisionStep } from '../../api/types';
import { changed, type Changes } from '../../app/url_state';
import { Empty, Loading, Problem } from '../../components/states';
import { Foreign } from '../../components/visible_text';
import corpusClasses from './corpus.module.css';
import classes from './decisions.module.css';
import { Dropped } from './dropped';
import { Funnel } from './funnel';
import { KeptLicenses } from './kept_licenses';
import { WhatIfPanel } from './what_if';

/** The step that the address names; else the one that dropped most. */
function chosenStep(decisions: Answer, name: string | null): DecisionStep | undefined {
  return decisions.steps.find((step) => step.step === name)
    ?? decisions.steps.reduce<DecisionStep | undefined>((most, step) => (most && most.dropped >= step.dropped ? most : step), undefined);
}

function Chain({ decisions }: { decisions: Answer }) {
  const [parameters, setParameters] = useSearchParams();
  const change = (changes: Changes, replace = false) => setParameters((now) => changed(now, changes), { replace });
  const step = chosenStep(decisions, parameters.get('filter'));
  return (
    <div className={corpusClasses.stack}>
      <Funnel decisions={decisions} chosen={step?.step ?? ''} choose={(next) => change({ filter: next.step, bound: null, threshold: null })} />
      {step && <WhatIfPanel key={`${step.step} ${parameters.get('bound') ?? ''}`} decisions={decisions} step={step} parameters={parameters} change={change} />}
      {step && <Dropped key={step.step} step={step} />}
      <KeptLicenses licenses={decisions.licenses} />
    </div>
  );
}

/** What a filter chain did to the documents before they became a corpus. */
export function Decisions() {
  const { t } = useTranslation();
  const decisions = useQuery({ queryKey: ['decisions'], queryFn: ({ signal }) => api.decisions(signal), staleTime: Infinity });
  const absent = decisions.error instanceof ApiError && decisions.error.status === 404;
  return (
    <section aria-labelledby="decisions" data-testid="decisions" className={classes.heading}>
      <Title order={2} id="decisions" fz="1.25rem">{t('decisions.title')}</Title>
      {absent ? <Empty>{t('decisions.absent')}</Empty>
        : decisions.isError ? <Problem error={decisions.error} retry={() => void decisions.refetch()} />
          : decisions.isPending ? <Loading />
            : decisions.data.documents === 0 ? <Empty>{t('decisions.empty')}</Empty>
              : (
                <>
                  <Text c="dimmed" size="sm" mb="md">
                    {t('decisions.lead')} <Foreign text={decisions.data.chain} />{decisions.data.of_this_corpus ? '' : ` · ${t('decisions.otherCorpus')}`}
                  </Text>
                  <Chain decisions={decisions.data} />
                </>
              )}
    </section>
  );
}
