import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en.json';
import ja from './ja.json';

export const languages = ['en', 'ja'] as const;
export type Language = (typeof languages)[number];
const storageKey = 'yurai.lang';

const asLanguage = (text: string | null | undefined): Language | null =>
  languages.find((language) => language === text) ?? null;

/** The address decides, then the last choice, then the browser. */
export function preferredLanguage(fromAddress: string | null): Language {
  return (
    asLanguage(fromAddress) ??
    asLanguage(localStorage.getItem(storageKey)) ??
    (navigator.language.startsWith('ja') ? 'ja' : 'en')
  );
}

export function setLanguage(language: Language): void {
  localStorage.setItem(storageKey, language);
  document.documentElement.lang = language;
  if (i18next.language !== language) void i18next.changeLanguage(language);
}

export function startCatalogues(language: Language): void {
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    keySeparator: false,
    nsSeparator: false,
    resources: { en: { translation: en }, ja: { translation: ja } },
    // React renders values as text; nothing is ever markup.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  document.documentElement.lang = language;
}
