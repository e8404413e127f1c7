import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { shortened } from '../text/format';
import { visibleString } from '../text/visible';
import { WarningIcon } from './icons';
import classes from './license.module.css';

/** The licence as given; a missing one is told by a sign and words, not by colour alone. */
export function License({ license }: { license: string | null }) {
  const { t } = useTranslation();
  if (!license) {
    return (
      <Badge variant="outline" color="red" leftSection={<WarningIcon size={12} />}
        tt="none" classNames={classes}>
        {t('document.noLicense')}
      </Badge>
    );
  }
  return (
    <Badge variant="default" tt="none" classNames={classes} title={visibleString(license)}>
      <bdi>{shortened(visibleString(license), 60, 0)}</bdi>
    </Badge>
  );
}
