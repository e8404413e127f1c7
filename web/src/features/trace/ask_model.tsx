import { Button, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { Loading, Problem } from '../../components/states';
import { VisibleText } from '../../components/visible_text';
import classes from './trace.module.css';

/** Asks a model of the server; the answer streams in, and is traced when it ends or is stopped. */
export function AskModel({ model, prompt, onAnswer }: {
  model: string | null; prompt: string; onAnswer: (answer: string, model: string, prompt: string) => void;
}) {
  const { t } = useTranslation();
  const models = useQuery({ queryKey: ['models'], queryFn: ({ signal }) => api.models(signal) });
  const [question, setQuestion] = useState(prompt);
  const [chosen, setChosen] = useState(model);
  const [answer, setAnswer] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  if (models.isPending) return <Loading />;
  if (models.isError) return <Problem error={models.error} retry={() => void models.refetch()} />;
  const names = [...new Set(models.data.data.map(({ id }) => id))];
  const name = names.find((id) => id === chosen) ?? names[0];
  if (name === undefined) return <Text c="dimmed">{t('trace.noModels')}</Text>;

  const ask = async () => {
    if (question.trim() === '' || running.current) return;
    const controller = new AbortController();
    running.current = controller;
    setFailure(null);
    setAnswer('');
    let whole = '';
    let stopped = false;
    try {
      for await (const piece of api.ask(name, question, controller.signal)) setAnswer((whole += piece));
    } catch (error) {
      stopped = controller.signal.aborted;
      if (!stopped) setFailure(error);
    }
    if (running.current !== controller) return;
    running.current = null;
    setAnswer(null);
    if (whole !== '') onAnswer(whole, name, question);
    else if (!stopped) setFailure((before: unknown) => before ?? new Error(t('trace.emptyAnswer')));
  };

  return (
    <Stack gap="sm">
      <Select label={t('trace.model')} data={names} value={name} onChange={setChosen} allowDeselect={false} maw={360} />
      <Textarea label={t('trace.prompt')} placeholder={t('trace.promptPlaceholder')} autosize minRows={2} maxRows={10} value={question} data-testid="prompt"
        onChange={(event) => setQuestion(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing) void ask(); }} />
      <Group>
        {answer === null
          ? <Button onClick={() => void ask()} disabled={question.trim() === ''}>{t('trace.ask')}</Button>
          : <Button variant="default" onClick={() => running.current?.abort()}>{t('trace.stop')}</Button>}
        {answer !== null && <Text size="sm" c="dimmed" role="status">{t('trace.answering')}</Text>}
      </Group>
      {answer !== null && <p className={`foreign ${classes.streaming}`} data-testid="streaming"><VisibleText text={answer} /></p>}
      {failure !== null && <Problem error={failure} />}
    </Stack>
  );
}
