import type { IncomingHttpHeaders } from 'node:http';

/** What an origin is asked, HTTP/1 and HTTP/2 alike. `port` and `sni` are those of the connection. */
export type Asked = {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly peer: string;
  readonly port: number;
  readonly sni: string | undefined;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly delayMs: number;
};

/** The behaviours of the fixtures table; an origin without an own one says who it is. */
export function answerOf(asked: Asked): Answer {
  switch (asked.origin) {
    case 'E1':
      return httpbin(asked);
    case 'E2':
      return asked.port === 443 ? page(200, 'Alibaba Cloud', { server: 'Tengine' }) : aliyunRedirect();
    case 'E3':
      return page(200, 'CNN International - Breaking News, US News, World News and Video');
    case 'E4':
      return page(200, 'Microservices Engine', {
        'x-seen-host': asked.authority,
        'x-seen-sni': asked.sni ?? '',
        'x-seen-port': String(asked.port),
      });
    case 'E5':
      return page(200, 'Open Service Mesh', { server: 'Netlify' });
    case 'E6':
      return asked.port === 443
        ? page(200, 'GitHub', { server: 'GitHub.com' })
        : answer(301, { location: `https://github.com${asked.path}` }, '');
    default:
      return page(200, asked.authority);
  }
}

/** As seed 000 shows it: 301 with a body of 239 bytes. */
function aliyunRedirect(): Answer {
  const head = '<html><head><title>301 Moved Permanently</title></head><body><h1>301 Moved Permanently</h1>';
  const tail = '<hr/>Powered by Tengine</body></html>\r\n';
  const body = `${head}${' '.repeat(239 - head.length - tail.length)}${tail}`;
  return answer(301, { server: 'Tengine', 'content-type': 'text/html', location: 'https://aliyun.com/' }, body);
}

function httpbin(asked: Asked): Answer {
  const [path = ''] = asked.path.split('?');
  const [, verb, argument = ''] = path.split('/');
  if (verb === 'status') return httpbinStatus(Number(argument));
  const told = {
    args: Object.fromEntries(new URLSearchParams(asked.path.slice(path.length))),
    headers: asked.headers,
    origin: asked.peer,
    url: `${asked.port === 443 ? 'https' : 'http'}://${asked.authority}${asked.path}`,
  };
  if (verb === 'headers') return json({ headers: asked.headers });
  if (verb === 'post' && asked.method !== 'POST') return answer(405, GUNICORN, '');
  if (verb === 'post') return json({ ...told, data: asked.body });
  if (verb === 'delay') return { ...json(told), delayMs: Math.min(Number(argument) || 0, 10) * 1000 };
  if (verb === 'get' || verb === '') return json(told);
  return answer(404, GUNICORN, 'not found\n');
}

function httpbinStatus(status: number): Answer {
  if (status === 418) return answer(418, { ...GUNICORN, 'x-more-info': 'http://tools.ietf.org/html/rfc2324' }, TEAPOT);
  return Number.isInteger(status) && status >= 200 && status <= 599
    ? answer(status, GUNICORN, '')
    : answer(400, GUNICORN, 'Invalid status code\n');
}

function json(value: unknown): Answer {
  return answer(200, { ...GUNICORN, 'content-type': 'application/json' }, `${JSON.stringify(value, null, 2)}\n`);
}

function page(status: number, title: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const text = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return answer(status, { 'content-type': 'text/html', ...headers }, `<html><title>${text}</title></html>\n`);
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: string): Answer {
  return { status, headers, body, delayMs: 0 };
}

const GUNICORN = { server: 'gunicorn/19.9.0' };

/** httpbin's teapot, 135 bytes: seed 002 shows that number in its access log. */
const TEAPOT = `
    -=[ teapot ]=-

       _...._
     .'  _ _ \`.
    | ."\` ^ \`". _,
    \\_;\`"---"\`|//
      |       ;/
      \\_     _/
        \`"""\`
`;
