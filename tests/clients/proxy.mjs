// A proxy that adds the key, for clients that cannot send one. Everything else passes unchanged,
// the Host and Origin headers included.
import http from 'node:http';

/** Listens on a free port and forwards to `target`; returns the base address and a way to stop. */
export async function keyProxy(target, key) {
  const { hostname, port } = new URL(target);
  const server = http.createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${key}` };
    const onward = http.request(
      { hostname, port, method: request.method, path: request.url, headers, setHost: false },
      (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    // A client that goes away ends the request behind it too.
    response.on('close', () => onward.destroy());
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
