// The two origins of the host: its own page, and the sandbox that shows a widget under the policy it was given, in a frame without an origin.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const HOST = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title><style>
  :root { color-scheme: light; } :root[data-theme=dark] { color-scheme: dark; }
  body { margin: 0; padding: 20px; background: #f4f1ea; font: 15px system-ui; } :root[data-theme=dark] body { background: #161613; }
  #stage { max-width: 720px; margin: auto; border: 1px solid #8884; border-radius: 14px; overflow: hidden; }
  iframe { display: block; width: 100%; height: 60px; border: 0; }
  :root[data-mode=fullscreen] #stage { position: fixed; inset: 0; max-width: none; border: 0; border-radius: 0; }
  :root[data-mode=fullscreen] iframe { height: 100vh; }
</style></head><body><main id="stage"></main><script>window.SANDBOX = 'SANDBOX_ORIGIN';</script><script type="module" src="/host.js"></script></body></html>`;

/** Passes messages between the host and the frame inside, and looks at where they come from. */
const SANDBOX = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox</title><style>html,body,iframe{margin:0;width:100%;height:100%;border:0;display:block}</style></head><body><script>
  const inner = document.createElement('iframe');
  inner.title = 'content';
  inner.setAttribute('sandbox', 'allow-scripts');
  document.body.append(inner);
  addEventListener('message', (event) => {
    if (event.source === parent) {
      if (event.data?.method === 'ui/notifications/sandbox-resource-ready') inner.srcdoc = event.data.params.html;
      else inner.contentWindow.postMessage(event.data, '*');
    } else if (event.source === inner.contentWindow) parent.postMessage(event.data, '*');
  });
  addEventListener('load', () => setTimeout(() => parent.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/sandbox-proxy-ready', params: {} }, '*'), 50));
</script></body></html>`;

async function bundle() {
  const build = await rolldown({
    input: fileURLToPath(new URL('./host.mjs', import.meta.url)), platform: 'browser', logLevel: 'silent',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return new Map(output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
}

function serve(answer) {
  return new Promise((resolve) => {
    const server = createServer(answer).listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** Starts both; gives their addresses and a way to end them. */
export async function pages() {
  const code = await bundle();
  const sandbox = await serve((request, response) => {
    const policy = new URL(request.url, 'http://x').searchParams.get('policy') ?? "default-src 'none'";
    // The frame inside has the same policy, and no origin.
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': `${policy.replace("frame-src 'none'", "frame-src 'self'")}` }).end(SANDBOX);
  });
  // Another host name is another origin and another site.
  const sandboxOrigin = `http://localhost:${sandbox.address().port}`;
  const host = await serve((request, response) => {
    const script = request.url === '/host.js' ? code.get('/host.js') : code.get(request.url);
    if (script) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(HOST.replace('SANDBOX_ORIGIN', sandboxOrigin));
    else response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
  });
  return {
    url: `http://127.0.0.1:${host.address().port}/`,
    close: () => { host.close(); sandbox.close(); },
  };
}
