import { useTranslation } from 'react-i18next';
import { createHashRouter, Navigate, useLocation, useRouteError } from 'react-router';
import { Empty, Loading, Problem } from '../components/states';
import { TracePage } from '../features/trace/trace_page';
import { Shell } from './shell';

function Start() {
  const { search } = useLocation();
  return <Navigate to={`/trace${search}`} replace />;
}

function NotFound() {
  const { t } = useTranslation();
  return <div className="page"><Empty>{t('state.notFound')}</Empty></div>;
}

function Crashed() {
  const { t } = useTranslation();
  const error = useRouteError();
  return <div className="page"><Empty>{t('state.crashed')}</Empty><Problem error={error} retry={() => location.reload()} /></div>;
}

/** After the `#`, so that no text being traced is sent in an address and the server needs one file only. */
export const router = createHashRouter([
  {
    element: <Shell />,
    errorElement: <Crashed />,
    hydrateFallbackElement: <Loading />,
    children: [
      { index: true, element: <Start /> },
      {
        errorElement: <Crashed />,
        children: [
          { path: 'trace', element: <TracePage /> },
          { path: 'search', lazy: async () => ({ Component: (await import('../features/search/search_page')).SearchPage }) },
          { path: 'document', lazy: async () => ({ Component: (await import('../features/document/document_page')).DocumentPage }) },
          { path: 'corpus', lazy: async () => ({ Component: (await import('../features/corpus/corpus_page')).CorpusPage }) },
          { path: 'models', lazy: async () => ({ Component: (await import('../features/models/models_page')).ModelsPage }) },
          { path: '*', element: <NotFound /> },
        ],
      },
    ],
  },
]);
