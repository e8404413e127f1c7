import { SegmentedControl, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { changed, type Changes } from '../../app/url_state';
import { CountTexts } from './count_texts';
import { FindDocuments } from './find_documents';
import { FindPhrases } from './find_phrases';
import { FindText } from './find_text';
import { NextSymbols } from './next_symbols';
import { Probability } from './probability';

const modes = ['find', 'phrases', 'documents', 'count', 'next', 'prob'] as const;
const views = { find: FindText, phrases: FindPhrases, documents: FindDocuments, count: CountTexts, next: NextSymbols, prob: Probability };

export function SearchPage() {
  const { t } = useTranslation();
  const [parameters, setParameters] = useSearchParams();
  const mode = modes.find((name) => name === parameters.get('mode')) ?? 'find';
  const change = (changes: Changes) => setParameters((now) => changed(now, changes));
  const focus = parameters.get('focus');
  useEffect(() => {
    if (!focus) return;
    document.querySelector<HTMLElement>('[data-search-field]')?.focus();
    setParameters((now) => changed(now, { focus: null }), { replace: true });
  }, [focus, setParameters]);

  const View = views[mode];
  return (
    <div className="page page-narrow">
      <Title order={1}>{t('search.title')}</Title>
      <Text c="dimmed" mb="lg">{t('search.lead')}</Text>
      <SegmentedControl mb="md" fullWidth maw={680} aria-label={t('search.mode')} value={mode}
        data={modes.map((value) => ({ value, label: t(`search.mode.${value}`) }))}
        onChange={(value) => change({ mode: value === 'find' ? null : value })} />
      {/* A new address is a new form: drafts follow the back button. */}
      <View key={`${mode} ${parameters.get('q') ?? ''} ${parameters.get('context') ?? ''} ${parameters.getAll('text').join('\n')}`} parameters={parameters} change={change} />
    </div>
  );
}
