import { ActionIcon, CopyButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './hash.module.css';
import { CopyIcon } from './icons';

/** A hash in full, and a button that copies it. */
export function Hash({ value, testId }: { value: string; testId?: string }) {
  const { t } = useTranslation();
  return (
    <span className={classes.hash}>
      <code data-testid={testId}>{value}</code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <ActionIcon variant="subtle" color="gray" onClick={copy} aria-label={copied ? t('corpus.copied') : t('corpus.copy')} title={copied ? t('corpus.copied') : t('corpus.copy')}><CopyIcon size={16} /></ActionIcon>
        )}
      </CopyButton>
    </span>
  );
}
