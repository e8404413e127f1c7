import { Alert, Button, Group, Loader, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/client';
import { visibleString } from '../text/visible';

export function Loading({ label }: { label?: string }) {
  const { t } = useTranslation();
  return (
    <Group role="status" gap="sm" py="xl" justify="center">
      <Loader size="sm" />
      <Text c="dimmed">{label ?? t('state.loading')}</Text>
    </Group>
  );
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const unreachable = error instanceof ApiError && error.status === 0;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <Alert role="alert" color="red" variant="outline" title={t('state.error')} my="md">
      <Text size="sm" className="foreign">{unreachable ? t('state.unreachable') : visibleString(message)}</Text>
      {retry && <Button mt="sm" size="xs" variant="default" onClick={retry}>{t('state.retry')}</Button>}
    </Alert>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <Text c="dimmed" ta="center" py="xl" px="md" component="div">{children}</Text>;
}
