import { ActionIcon, AppShell, Burger, Group, NavLink, SegmentedControl, Stack, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, useLocation, useNavigate, useSearchParams } from 'react-router';
import { api } from '../api/client';
import { CorpusIcon, KeyboardIcon, ModelIcon, MoonIcon, SearchIcon, SunIcon, TraceIcon } from '../components/icons';
import { preferredLanguage, setLanguage, type Language } from '../i18n/catalogues';
import { formatBytes, formatCount } from '../text/format';
import { KeyHelp, useKeys } from './keys';
import { address, changed } from './url_state';

const pages = [
  { path: '/trace', key: 'nav.trace', Icon: TraceIcon },
  { path: '/search', key: 'nav.search', Icon: SearchIcon },
  { path: '/corpus', key: 'nav.corpus', Icon: CorpusIcon },
  { path: '/models', key: 'nav.models', Icon: ModelIcon },
] as const;

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const [parameters, setParameters] = useSearchParams();
  return (
    <SegmentedControl
      size="xs" aria-label={t('app.language')} value={i18n.language}
      data={[{ label: 'English', value: 'en' }, { label: '日本語', value: 'ja' }]}
      onChange={(language) => {
        setLanguage(language as Language);
        setParameters(changed(parameters, { lang: language }), { replace: true });
      }}
    />
  );
}

function ThemeSwitch() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const label = scheme === 'light' ? t('app.theme.toDark') : t('app.theme.toLight');
  return (
    <ActionIcon variant="default" size="md" aria-label={label} title={label} data-testid="theme"
      onClick={() => setColorScheme(scheme === 'light' ? 'dark' : 'light')}>
      {scheme === 'light' ? <MoonIcon size={16} /> : <SunIcon size={16} />}
    </ActionIcon>
  );
}

function CorpusLine() {
  const { t, i18n } = useTranslation();
  const { data } = useQuery({ queryKey: ['corpus'], queryFn: ({ signal }) => api.corpus(signal), staleTime: Infinity });
  if (!data) return null;
  return (
    <Text size="xs" c="dimmed">
      {t('app.corpusLine', { documents: formatCount(data.documents, i18n.language), bytes: formatBytes(data.bytes, i18n.language) })}
    </Text>
  );
}

export function Shell() {
  const { t } = useTranslation();
  const [parameters] = useSearchParams();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const [menu, { toggle, close }] = useDisclosure();
  const [help, { open: openHelp, close: closeHelp }] = useDisclosure();
  const lang = parameters.get('lang');

  useEffect(() => setLanguage(preferredLanguage(lang)), [lang]);
  useEffect(() => close(), [pathname, close]);
  useEffect(() => {
    const page = pages.find(({ path }) => path === pathname);
    document.title = page ? `${t(page.key)} · Yurai` : 'Yurai';
  }, [pathname, t]);
  useKeys({
    '?': openHelp,
    '/': () => {
      const field = document.querySelector<HTMLElement>('[data-search-field]');
      if (field) field.focus();
      else void navigate(address('/search', parameters, { focus: '1' }));
    },
  });

  const brand = (
    <Link className="brand" to={address('/trace', parameters)}>
      <img src="./favicon.svg" alt="" />
      <span><strong>Yurai</strong><small>{t('app.tagline')}</small></span>
    </Link>
  );
  return (
    <AppShell navbar={{ width: 224, breakpoint: 'md', collapsed: { mobile: !menu } }} header={{ height: { base: 56, md: 0 } }} padding={0} transitionDuration={0}>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{t('app.skip')}</a>
      <AppShell.Header hiddenFrom="md" px="md" bg="var(--yurai-paper)">
        <Group h="100%" justify="space-between" wrap="nowrap">
          {brand}
          <Burger opened={menu} onClick={toggle} size="sm" aria-label={menu ? t('app.menuClose') : t('app.menu')} aria-expanded={menu} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="md" bg="var(--yurai-paper)" component="nav" aria-label={t('app.navigation')}>
        <AppShell.Section visibleFrom="md" mb="lg" px={6}>{brand}</AppShell.Section>
        <AppShell.Section grow>
          {pages.map(({ path, key, Icon }) => (
            <NavLink key={path} component={Link} to={address(path, parameters)} label={t(key)} leftSection={<Icon />}
              active={pathname === path} aria-current={pathname === path ? 'page' : undefined} mb={4}
              style={{ borderRadius: 8 }} styles={{ label: { fontSize: '0.95rem' } }} />
          ))}
        </AppShell.Section>
        <AppShell.Section>
          <Stack gap="sm" px={6}>
            <CorpusLine />
            <Group gap={8} wrap="nowrap">
              <LanguageSwitch />
              <ThemeSwitch />
            </Group>
            <ActionIcon.Group visibleFrom="md">
              <ActionIcon variant="subtle" color="gray" c="dimmed" w="auto" px={6} onClick={openHelp} aria-label={t('app.keys')}>
                <Group gap={6} wrap="nowrap"><KeyboardIcon size={16} /><Text size="xs" c="dimmed">{t('app.keys')}</Text><kbd>?</kbd></Group>
              </ActionIcon>
            </ActionIcon.Group>
          </Stack>
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main className="shell-main" id="main" tabIndex={-1}><Outlet /></AppShell.Main>
      <KeyHelp opened={help} onClose={closeHelp} />
    </AppShell>
  );
}
