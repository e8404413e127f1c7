import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Difference } from '../api/types';

/** In what a match that was found in folded text differs from the text; none: it is the same word for word. */
export function Differs({ kinds }: { kinds: readonly Difference[] }) {
  const { t } = useTranslation();
  return (
    <Text size="sm" c="dimmed" mb={6} data-testid="differs">
      {kinds.length === 0
        ? t('differs.nothing')
        : t('differs.but', { kinds: kinds.map((kind) => t(`differs.kind.${kind}`)).join(t('differs.separator')) })}
    </Text>
  );
}
