import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server that `npm run dev` talks to.
const server = process.env.YURAI_SERVER ?? 'http://127.0.0.1:8765';

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/v1': server, '/healthz': server, '/openapi.json': server } },
  build: { target: 'es2022', chunkSizeWarningLimit: 900 },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
