import type { MessageKind } from './scanner-program.ts';

/** What common clients send without being told more than the URL; a lease that stopped at these would be of no use. */
export const ORDINARY_REQUESTS: readonly (readonly [who: string, head: string])[] = [
  ['curl', 'GET /get?a=1 HTTP/1.1\r\nHost: httpbin.org\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n'],
  [
    'curl --compressed with JSON',
    'POST /v1/items HTTP/1.1\r\nHost: api.example.com:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n' +
      'Accept-Encoding: deflate, gzip, br, zstd\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n',
  ],
  ['wrk', 'GET / HTTP/1.1\r\nHost: 198.18.0.2:8080\r\n\r\n'],
  [
    'ab -k, as HTTP/1.1',
    'GET / HTTP/1.1\r\nConnection: Keep-Alive\r\nHost: 198.18.0.2\r\nUser-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n',
  ],
  [
    'Node fetch',
    'GET /x HTTP/1.1\r\nhost: api.example.com\r\nconnection: keep-alive\r\naccept: */*\r\naccept-language: *\r\n' +
      'sec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\n\r\n',
  ],
  ['Node http.get with an agent', 'GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: keep-alive\r\n\r\n'],
  [
    'Python requests',
    'GET /simple/ HTTP/1.1\r\nHost: pypi.org\r\nUser-Agent: python-requests/2.32.3\r\n' +
      'Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nCookie: session=0a1b2c; theme=dark\r\n\r\n',
  ],
  [
    'Python requests with a form',
    'POST /login HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: python-requests/2.32.3\r\n' +
      'Accept-Encoding: gzip, deflate, br\r\nAccept: */*\r\nConnection: keep-alive\r\nContent-Length: 23\r\n' +
      'Content-Type: application/x-www-form-urlencoded\r\n\r\n',
  ],
  ['Go', 'GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n'],
  [
    'Go with a body',
    'PUT /kv/a HTTP/1.1\r\nHost: [2001:db8::7]:2379\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 4\r\n' +
      'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x\r\nAccept-Encoding: gzip\r\n\r\n',
  ],
  [
    'Java HttpURLConnection',
    'GET /a;b=c/ HTTP/1.1\r\nUser-Agent: Java/17.0.9\r\nHost: repo.example.org\r\n' +
      'Accept: text/html, image/gif, image/jpeg, */*; q=0.2\r\nConnection: keep-alive\r\n\r\n',
  ],
  [
    'a browser',
    'GET /search?q=%C3%A9&l=de HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n' +
      'sec-ch-ua: "Chromium";v="120", "Not?A_Brand";v="8"\r\nUpgrade-Insecure-Requests: 1\r\n' +
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\n' +
      'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nReferer: http://www.example.com/\r\n' +
      'Accept-Encoding: gzip, deflate\r\nAccept-Language: de-DE,de;q=0.9\r\nCookie: _ga=GA1.2.1; id={"a":[1]}\r\n\r\n',
  ],
];

export const ORDINARY_ANSWERS: readonly (readonly [who: string, head: string, kind?: MessageKind])[] = [
  [
    'nginx with a file',
    'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\nContent-Type: text/html\r\n' +
      'Content-Length: 612\r\nLast-Modified: Tue, 17 Dec 2024 02:43:02 GMT\r\nConnection: keep-alive\r\n' +
      'ETag: "6760e4f6-264"\r\nAccept-Ranges: bytes\r\n\r\n',
  ],
  [
    'nginx 304',
    'HTTP/1.1 304 Not Modified\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\n' +
      'Last-Modified: Tue, 17 Dec 2024 02:43:02 GMT\r\nConnection: keep-alive\r\nETag: "6760e4f6-264"\r\n\r\n',
  ],
  [
    'nginx to HEAD',
    'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 612\r\nConnection: keep-alive\r\n\r\n',
    'answer-to-head',
  ],
  [
    'nginx 404',
    'HTTP/1.1 404 Not Found\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\n' +
      'Content-Type: text/html\r\nContent-Length: 153\r\nConnection: keep-alive\r\n\r\n',
  ],
  [
    'Node',
    'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\nConnection: keep-alive\r\n' +
      'Keep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\n',
  ],
  [
    'Node 204',
    'HTTP/1.1 204 No Content\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  ],
  [
    'Express with a cookie',
    'HTTP/1.1 302 Found\r\nX-Powered-By: Express\r\nSet-Cookie: a=b; Path=/; HttpOnly\r\nSet-Cookie: c=d\r\nLocation: /x\r\n' +
      'Vary: Accept\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 24\r\n' +
      'Date: Sat, 21 Nov 2026 03:43:41 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  ],
  [
    'gunicorn',
    'HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\nConnection: keep-alive\r\n' +
      'Content-Type: application/json\r\nContent-Length: 27\r\n\r\n',
  ],
  [
    'Go',
    'HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n' +
      'Date: Sat, 21 Nov 2026 03:43:41 GMT\r\nContent-Length: 6\r\n\r\n',
  ],
  [
    'Apache with a file name beyond ASCII',
    'HTTP/1.1 200 OK\r\nServer: Apache/2.4.57 (Debian)\r\nContent-Disposition: attachment; filename="d\xe9j\xe0.txt"\r\n' +
      'Content-Length: 5\r\nKeep-Alive: timeout=5, max=100\r\nConnection: Keep-Alive\r\n\r\n',
  ],
  [
    'Node that streams',
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\n' +
      'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  [
    'nginx with gzip',
    'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 03:43:41 GMT\r\nContent-Type: text/html\r\n' +
      'Transfer-Encoding: chunked\r\nConnection: keep-alive\r\nContent-Encoding: gzip\r\n\r\n',
  ],
];
