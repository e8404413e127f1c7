import { Alert, Button, Checkbox, Drawer, Group, NativeSelect, SegmentedControl, Text, Textarea, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import type { Trace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { address, changed, maxChance, maxShownDocuments, shownDocuments, wholeNumber, type Changes } from '../../app/url_state';
import { documentParameters } from '../../components/occurrence';
import { Loading, Problem } from '../../components/states';
import { formatCount, formatShare } from '../../text/format';
import { packText, unpackText, UnpackError } from '../../text/packed';
import { visibleString } from '../../text/visible';
import { AskModel } from './ask_model';
import { NearCopies, RelatedPassages } from './beyond';
import { Credits } from './credits';
import { Legend } from './legend';
import { SpanPanel } from './span_panel';
import classes from './trace.module.css';
import { TracedText } from './traced_text';

function Threshold({ value, onChange }: { value: number | 'inf'; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const choices = [
    { value: '0.0001', label: t('trace.threshold.0_0001') },
    { value: '0.01', label: t('trace.threshold.0_01') },
    { value: '1', label: t('trace.threshold.1') },
    { value: '10', label: t('trace.threshold.10') },
    { value: '100', label: t('trace.threshold.100') },
    { value: 'inf', label: t('trace.threshold.inf') },
  ];
  const now = String(value);
  if (!choices.some((choice) => choice.value === now)) choices.push({ value: now, label: t('trace.threshold.other', { value: now }) });
  return (
    <NativeSelect size="xs" label={t('trace.threshold')} data={choices} value={now} data-testid="threshold"
      onChange={(event) => onChange(event.currentTarget.value)} />
  );
}

function How() {
  const { t } = useTranslation();
  const steps = [
    [t('trace.how1.title'), t('trace.how1.text')], [t('trace.how2.title'), t('trace.how2.text')], [t('trace.how3.title'), t('trace.how3.text')],
  ] as const;
  return (
    <div className={classes.how}>
      {steps.map(([title, text], index) => (
        <section key={title}><span className={classes.step} aria-hidden="true">{index + 1}</span><h2>{title}</h2><p>{text}</p></section>
      ))}
    </div>
  );
}

function TextInput({ text, parameters, onText }: {
  text: string; parameters: URLSearchParams; onText: (text: string, changes: Changes) => void;
}) {
  const { t } = useTranslation();
  const [mode, setMode] = useState(parameters.get('mode') === 'ask' ? 'ask' : 'paste');
  const [draft, setDraft] = useState(text);
  const submit = () => { if (draft !== '') onText(draft, { mode: null, model: null, prompt: null }); };
  return (
    <section className="sheet">
      <SegmentedControl mb="md" size="sm" aria-label={t('trace.mode')} value={mode} onChange={setMode}
        data={[{ value: 'paste', label: t('trace.mode.paste') }, { value: 'ask', label: t('trace.mode.ask') }]} />
      {mode === 'ask' ? (
        <AskModel model={parameters.get('model')} prompt={parameters.get('prompt') ?? ''}
          onAnswer={(answer, model, prompt) => onText(answer, { mode: 'ask', model, prompt: prompt.length <= 2000 ? prompt : null })} />
      ) : (
        <>
          <Textarea aria-label={t('trace.text')} placeholder={t('trace.placeholder')} autosize minRows={7} maxRows={18} value={draft} data-testid="text"
            styles={{ input: { lineHeight: 1.8, fontSize: '1rem' } }}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing) submit(); }} />
          <Group mt="md" gap="md">
            <Button onClick={submit} disabled={draft === ''} data-testid="run">{t('trace.run')}</Button>
            <Text size="xs" c="dimmed" visibleFrom="md">{t('trace.runKeys')}</Text>
          </Group>
        </>
      )}
    </section>
  );
}

function Result({ trace, parameters, change, stale }: {
  trace: Trace; parameters: URLSearchParams; change: (changes: Changes) => void; stale: boolean;
}) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const beside = useMediaQuery('(min-width: 72em)', true, { getInitialValueInEffect: false });
  const number = wholeNumber(parameters.get('span'));
  const selected = number !== null && number >= 1 && number <= trace.spans.length ? number - 1 : null;
  const limit = maxChance(parameters.get('max'));

  const chosen = useRef(selected); // ahead of `selected` until the address is drawn: keys may be faster
  useEffect(() => { chosen.current = selected; }, [selected]);
  const select = (span: number) => {
    chosen.current = span;
    change({ span: String(span + 1), docs: null });
    const marker = document.getElementById(`span-${span + 1}`);
    marker?.focus({ preventScroll: true });
    marker?.scrollIntoView({ block: 'nearest' });
  };
  const step = (by: number) => {
    if (trace.spans.length === 0) return;
    const from = chosen.current ?? (by > 0 ? -1 : trace.spans.length);
    select(Math.max(0, Math.min(trace.spans.length - 1, from + by)));
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    o: () => {
      const occurrence = selected === null ? undefined : trace.spans[selected]?.documents[0];
      if (occurrence) void navigate(address('/document', parameters, documentParameters(occurrence)));
    },
    Escape: () => { if (selected !== null) change({ span: null, docs: null }); },
  });

  const panel = (
    <SpanPanel trace={trace} selected={selected} onSelect={select}
      onMore={() => change({ docs: String(Math.min(maxShownDocuments, shownDocuments(parameters.get('docs')) * 5)) })} />
  );
  return (
    <div className={classes.columns}>
      <div className={classes.left}>
        <section className="sheet" aria-busy={stale}>
          <Group justify="space-between" align="flex-end" mb="md" gap="sm">
            <div data-testid="coverage">
              <Text component="span" fw={700} size="1.5rem" mr={8}>{formatShare(1 - trace.uncovered_share, i18n.language)}</Text>
              <Text component="span" mr={14}>{parameters.get('fold') === '1' ? t('trace.coveredFolded') : t('trace.covered')}</Text>
              <Text component="span" c="dimmed" size="sm">
                {formatShare(trace.uncovered_share, i18n.language)} {t('trace.uncovered')} · {t('trace.spans', { count: trace.spans.length, formatted: formatCount(trace.spans.length, i18n.language) })}
              </Text>
            </div>
            <Threshold value={limit} onChange={(max) => change({ max: max === '1' ? null : max, span: null })} />
          </Group>
          {parameters.get('model') && (
            <Text size="sm" c="dimmed" mb="xs" className="foreign-line">
              {t('trace.asked', { model: visibleString(parameters.get('model') ?? '') })}{parameters.get('prompt') ? ` — ${visibleString(parameters.get('prompt') ?? '')}` : ''}
            </Text>
          )}
          {trace.spans.length === 0 && <Alert variant="outline" color="gray" mb="md" data-testid="no-spans">{trace.text === '' ? t('trace.emptyText') : t('trace.noSpans')}</Alert>}
          <TracedText trace={trace} selected={selected} onSelect={select} onStep={step} />
          <Group gap="lg" my="sm">
            {(['fold', 'near', 'related'] as const).map((name) => (
              <Checkbox key={name} size="xs" label={t(`trace.show.${name}`)} checked={parameters.get(name) === '1'} data-testid={`show-${name}`}
                onChange={(event) => change({ [name]: event.currentTarget.checked ? '1' : null, ...(name === 'fold' ? { span: null, docs: null } : {}) })} />
            ))}
          </Group>
          <Legend showsAll={limit === 'inf' || limit > 1} index={trace.index} />
        </section>
        <section className="sheet"><Credits trace={trace} /></section>
        {trace.near_copies && <NearCopies copies={trace.near_copies} />}
        {trace.related && <RelatedPassages related={trace.related} />}
      </div>
      {beside
        ? <aside className={`sheet ${classes.panel}`} aria-label={t('trace.panel')} tabIndex={-1}>{panel}</aside>
        : (
          <Drawer opened={selected !== null} onClose={() => change({ span: null, docs: null })} position="bottom" size="78%"
            title={t('trace.panel')} closeButtonProps={{ 'aria-label': t('trace.close') }}>
            {panel}
          </Drawer>
        )}
    </div>
  );
}

export function TracePage() {
  const { t } = useTranslation();
  const [parameters, setParameters] = useSearchParams();
  const packed = parameters.get('t');
  const limit = maxChance(parameters.get('max'));
  const documents = shownDocuments(parameters.get('docs'));
  const fold = parameters.get('fold') === '1';
  const near = parameters.get('near') === '1';
  const related = parameters.get('related') === '1';
  const [notKept, setNotKept] = useState<unknown>(null);
  const change = (changes: Changes, replace = true) => setParameters((now) => changed(now, changes), { replace });

  const unpacked = useQuery({
    queryKey: ['packed', packed],
    queryFn: () => unpackText(packed ?? '', sessionStorage),
    enabled: packed !== null,
    retry: false,
    staleTime: Infinity,
  });
  const text = packed === null ? undefined : unpacked.data;
  const trace = useQuery({
    queryKey: ['trace', text, limit, documents, fold, near, related],
    queryFn: ({ signal }) => api.trace({
      text: text ?? '', max_chance: limit, max_documents: documents, ...(fold ? { fold } : {}), ...(near ? { near } : {}), ...(related ? { related } : {}),
    }, signal),
    enabled: text !== undefined,
    placeholderData: (before, query) => (query?.queryKey[1] === text ? keepPreviousData(before) : undefined),
  });

  const editing = packed === null || parameters.get('edit') === '1' || unpacked.isError;
  const start = async (next: string, changes: Changes) => {
    let t: string;
    try {
      t = await packText(next, sessionStorage);
    } catch (error) {
      return setNotKept(error);
    }
    setNotKept(null);
    change({ ...changes, t, span: null, docs: null, edit: null }, false);
  };

  return (
    <div className={`page ${packed === null ? 'page-narrow' : ''}`}>
      <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
        <div>
          <Title order={1}>{t('trace.title')}</Title>
          {editing && <Text c="dimmed" maw={760} style={{ textWrap: 'pretty' }}>{t('trace.lead')}</Text>}
        </div>
        {!editing && (
          <Group gap="xs">
            <Button variant="default" onClick={() => change({ edit: '1' }, false)}>{t('trace.edit')}</Button>
            <Button variant="default" onClick={() => change({ t: null, span: null, docs: null, edit: null, mode: null, model: null, prompt: null }, false)}>{t('trace.new')}</Button>
          </Group>
        )}
      </Group>
      {unpacked.isError && (
        <Alert color="red" variant="outline" mb="md" role="alert">
          {unpacked.error instanceof UnpackError && unpacked.error.reason === 'absent' ? t('trace.absent') : t('trace.broken')}
        </Alert>
      )}
      {notKept !== null && <Problem error={notKept} />}
      {editing
        ? <TextInput key={text === undefined ? 'new' : 'edit'} text={text ?? ''} parameters={parameters} onText={(next, changes) => void start(next, changes)} />
        : trace.isError
          ? (
            <>
              <Problem error={trace.error} retry={() => void trace.refetch()} />
              {fold && <Button variant="default" onClick={() => change({ fold: null })} data-testid="without-fold">{t('trace.withoutFold')}</Button>}
            </>
          )
          : trace.data
            ? <Result trace={trace.data} parameters={parameters} change={change} stale={trace.isPlaceholderData} />
            : <Loading label={t('trace.loading')} />}
      {packed === null && <How />}
    </div>
  );
}
