// One tool behind the TypeScript SDK, stateless with JSON answers, as its own documentation shows it.
import { createServer } from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const http = createServer(async (request, response) => {
  const server = new McpServer({ name: 'bare', version: '0.0.0' });
  server.registerTool('credits', { description: 'What is left.', inputSchema: z.object({}) }, () => ({
    content: [{ type: 'text', text: 'balance 100' }],
    structuredContent: { balance: 100 },
  }));
  const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await server.connect(transport);
  await transport.handleRequest(request, response);
});
http.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${http.address().port}`));
