/**
 * How servers may read a path. A route that looks at the path is asked with it as sent and as this reads it: where the
 * two lead to different places nobody can say which one was meant.
 */

/** The path of a target, without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** What stands behind the `?`; empty if nothing does. */
export function queryOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? '' : target.slice(query + 1);
}

/**
 * Percent-encoded unreserved characters decoded (RFC 3986 §6.2.2.2), `\` and `%5C`, `%2F` read as `/` (as many servers
 * do), several `/` as one, dot segments removed (§5.2.4), a `%` that begins no escape read as `%25`: else what is decoded
 * behind it could make a new one. What is in this form already is given back as it is.
 */
export function normalisedPath(path: string): string {
  if (!path.startsWith('/') || PLAIN.test(path)) return path;
  const decoded = path
    .replaceAll(/%(?:[0-9a-fA-F]{2})?/g, (escape) => {
      if (escape === '%') return '%25';
      const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
      if (character === '/' || character === '\\') return '/';
      return UNRESERVED.test(character) ? character : escape.toUpperCase();
    })
    .replaceAll('\\', '/');
  const kept: string[] = [];
  const segments = decoded.split('/').slice(1);
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
    if (last && (segment === '' || segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** No escape, no backslash, no empty or dot segment. */
const PLAIN = /^(?:\/(?!\.{1,2}(?:\/|$))[^%\\/]+)*\/?$/;
const UNRESERVED = /[A-Za-z0-9._~-]/;
