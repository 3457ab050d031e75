/**
 * The configuration of nginx as an origin: it answers each request with its request line, and its log says how it
 * understood it, as parsed-http.ts writes it. Bodies are read because they go on to a second server, which is nginx too.
 */
export function nginxConfig(options: {
  readonly folder: string;
  readonly recordFile: string;
  readonly port: number;
  readonly addresses: readonly string[];
}): string {
  const { folder, recordFile, port, addresses } = options;
  const listen = addresses.map((ip) => `listen ${ip.includes(':') ? `[${ip}]` : ip}:${port} backlog=1024;`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/nginx-${kind};`,
  );
  return `
user root;
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log;
events { worker_connections 8192; }
http {
  ${temporary.join(' ')}
  log_format understood escape=json '{"line":"$request","body":"$request_body","status":$status}';
  access_log off;
  # Larger than any message of the corpus that is relayed: what is refused for its size is refused before it comes here.
  large_client_header_buffers 8 128k;
  client_body_buffer_size 1m;
  client_max_body_size 0;
  ignore_invalid_headers off;
  merge_slashes off;
  keepalive_requests 1000000;
  server {
    ${listen.join(' ')}
    access_log ${recordFile} understood;
    location / {
      proxy_pass http://unix:${folder}/nginx.socket;
      proxy_pass_request_headers off;
      proxy_set_header X-Line $request;
    }
  }
  server {
    listen unix:${folder}/nginx.socket;
    large_client_header_buffers 8 128k;
    client_max_body_size 0;
    location / { return 200 "$http_x_line\\n"; }
  }
}
`;
}
