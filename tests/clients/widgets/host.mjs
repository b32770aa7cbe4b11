// A host as a chat client is one: the official AppBridge and client in a page, and the widget in a sandbox on a second origin. Bundled by
// rolldown and driven from outside through `window.host`. What the widget asks for is written down in `seen`.
import { AppBridge, PostMessageTransport, buildAllowAttribute } from '@modelcontextprotocol/ext-apps/app-bridge';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const MIME = 'text/html;profile=mcp-app';
const UI = 'io.modelcontextprotocol/ui';
const VARIABLES = {
  light: { '--color-background-primary': '#fffdf8', '--color-text-primary': '#1d1b16', '--color-text-secondary': '#5f5a50', '--border-radius-md': '8px' },
  dark: { '--color-background-primary': '#20201d', '--color-text-primary': '#f2efe6', '--color-text-secondary': '#b5b0a4', '--border-radius-md': '8px' },
};
const CAPABILITIES = {
  openLinks: {}, serverTools: {}, serverResources: {}, logging: {}, message: { text: {} }, updateModelContext: { text: {}, structuredContent: {} },
};

let client;
let bridge;
let frame;
let context;
const seen = { calls: [], contexts: [], messages: [], links: [], downloads: [], sizes: [], modes: [] };

/** Connects to the server under test as a client that shows pages. */
async function connect(url, key, era = 'auto') {
  client = new Client(
    { name: 'aquatint-host', version: '1.0.0' },
    { capabilities: { extensions: { [UI]: { mimeTypes: [MIME] } } }, versionNegotiation: { mode: era } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${key}` } } }));
  return client.getNegotiatedProtocolVersion();
}

const tools = async () => (await client.listTools()).tools;

/** The policy that the specification asks of a host, from what the resource declares. */
function policy(csp = {}) {
  const [connects, resources] = [(csp.connectDomains ?? []).join(' '), (csp.resourceDomains ?? []).join(' ')];
  return [
    "default-src 'none'", `script-src 'self' 'unsafe-inline' ${resources}`, `style-src 'self' 'unsafe-inline' ${resources}`,
    `img-src 'self' data: ${resources}`, `media-src 'self' data: ${resources}`, `font-src 'self' ${resources}`,
    `connect-src 'self' ${connects}`, "frame-src 'none'", "object-src 'none'", "base-uri 'self'", "form-action 'none'",
  ].join('; ');
}

/**
 * Shows a widget. `options`: `uri` and `tool`; `html` in place of the page's own text, `csp` in place of its policy; `theme`; `modes`;
 * `capabilities`; `answers`, a list for each tool that stands in for the server: the first answer first, the last one for ever.
 */
async function show(options) {
  await close();
  for (const list of Object.values(seen)) list.length = 0;
  let { html, csp } = options;
  const { contents } = await client.readResource({ uri: options.uri });
  if (contents[0].mimeType !== MIME) throw new Error(`the page is ${contents[0].mimeType}`);
  html ??= contents[0].text;
  csp ??= contents[0]._meta?.ui?.csp;
  const theme = options.theme ?? 'light';
  context = {
    theme, styles: { variables: VARIABLES[theme] }, displayMode: 'inline', availableDisplayModes: options.modes ?? ['inline', 'fullscreen'],
    containerDimensions: { maxHeight: 4000, maxWidth: 760 }, locale: 'en-GB', timeZone: 'UTC', platform: 'web',
    toolInfo: options.tool ? { tool: options.definition ?? (await tools()).find((tool) => tool.name === options.tool) ?? { name: options.tool, inputSchema: { type: 'object' } } } : undefined,
  };
  document.documentElement.dataset.theme = theme;
  bridge = new AppBridge(options.answers ? null : client, { name: 'aquatint-host', version: '1.0.0' }, options.capabilities ?? CAPABILITIES, { hostContext: context });
  frame = document.createElement('iframe');
  frame.title = 'widget';
  frame.setAttribute('sandbox', 'allow-scripts allow-same-origin');
  frame.setAttribute('allow', buildAllowAttribute());
  const isReady = new Promise((resolve) => { bridge.onsandboxready = resolve; });
  const isUp = new Promise((resolve) => { bridge.oninitialized = resolve; });
  bridge.onsizechange = (size) => { seen.sizes.push(size); if (size.height && context.displayMode === 'inline') frame.style.height = `${size.height}px`; };
  bridge.onopenlink = async ({ url }) => { seen.links.push(url); return {}; };
  bridge.onmessage = async (message) => { seen.messages.push(message); return {}; };
  bridge.onupdatemodelcontext = async (given) => { seen.contexts.push(given); return {}; };
  bridge.ondownloadfile = async ({ contents }) => { seen.downloads.push(...contents); return {}; };
  bridge.onrequestdisplaymode = async ({ mode }) => {
    seen.modes.push(mode);
    setTimeout(() => change({ displayMode: mode }), 0);
    return { mode };
  };
  document.getElementById('stage').replaceChildren(frame);
  frame.src = `${window.SANDBOX}/sandbox.html?policy=${encodeURIComponent(policy(csp))}`;
  await new Promise((resolve) => { frame.onload = resolve; });
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  const passOn = bridge.oncalltool;
  const answers = structuredClone(options.answers ?? {});
  const replies = async (params, extra) => {
    seen.calls.push({ name: params.name, arguments: params.arguments, at: Date.now() });
    if (!options.answers) return options.fail?.includes(params.name) ? { isError: true, content: [{ type: 'text', text: 'It was switched off.' }] } : passOn(params, extra);
    const list = answers[params.name] ?? [];
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer === 'silence') throw new Error('the connection broke');
    return answer ?? { isError: true, content: [{ type: 'text', text: `no answer is written for ${params.name}` }] };
  };
  bridge.oncalltool = replies;
  await isReady;
  await bridge.sendSandboxResourceReady({ html, csp });
  await isUp;
}

/** What a host sends when a call is made and answered. */
async function input(args, isWhole = true) { await (isWhole ? bridge.sendToolInput({ arguments: args }) : bridge.sendToolInputPartial({ arguments: args })); }
async function result(answer) { await bridge.sendToolResult(answer); }
async function call(name, args) {
  await input(args);
  const answer = await client.callTool({ name, arguments: args }, { timeout: 120_000 });
  await result(answer);
  return answer;
}

function change(next) {
  context = { ...context, ...next };
  if (next.theme) {
    context.styles = { variables: VARIABLES[next.theme] };
    document.documentElement.dataset.theme = next.theme;
  }
  document.documentElement.dataset.mode = context.displayMode;
  if (context.displayMode === 'fullscreen') frame.style.height = '';
  bridge.setHostContext(context);
}

/** Takes the widget away as a host does: it is asked first. */
async function close() {
  if (!bridge) return;
  await bridge.teardownResource({}).catch(() => {});
  await bridge.close();
  bridge = undefined;
}
const teardown = () => bridge.teardownResource({});

window.host = {
  connect, tools, show, input, result, call, change, close, teardown, seen,
  read: async (uri) => (await client.readResource({ uri })).contents[0], list: async () => (await client.listResources()).resources,
  plainCall: (name, args) => client.callTool({ name, arguments: args }, { timeout: 120_000 }),
};
