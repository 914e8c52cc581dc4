import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Page {
  contentType: string;
  body: Uint8Array | string;
}

const DASHBOARD = fileURLToPath(new URL('../../dashboard/', import.meta.url));
const SWAGGER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const file = (folder: string, name: string, contentType: string) => async (): Promise<Page> => ({
  contentType,
  body: new Uint8Array(await readFile(join(folder, name))),
});

const SWAGGER_PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Portfolio API</title>
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/initializer.js"></script>
</body>
</html>
`;

const SWAGGER_INITIALIZER = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', persistAuthorization: true, tryItOutEnabled: true });
`;

/** The files that the front serves beside the API, by path. Nothing outside this table can be asked for. */
export const PAGES: Readonly<Record<string, () => Promise<Page>>> = {
  '/': file(DASHBOARD, 'index.html', HTML),
  '/dashboard/dashboard.css': file(DASHBOARD, 'dashboard.css', STYLE),
  '/dashboard/dashboard.js': file(DASHBOARD, 'dashboard.js', SCRIPT),
  '/dashboard/charts.js': file(DASHBOARD, 'charts.js', SCRIPT),
  '/dashboard/training.js': file(DASHBOARD, 'training.js', SCRIPT),
  '/docs': async () => ({ contentType: HTML, body: SWAGGER_PAGE }),
  '/docs/initializer.js': async () => ({ contentType: SCRIPT, body: SWAGGER_INITIALIZER }),
  '/docs/swagger-ui.css': file(SWAGGER, 'swagger-ui.css', STYLE),
  '/docs/swagger-ui-bundle.js': file(SWAGGER, 'swagger-ui-bundle.js', SCRIPT),
  '/docs/favicon-32x32.png': file(SWAGGER, 'favicon-32x32.png', 'image/png'),
};
