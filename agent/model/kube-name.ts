/** RFC 1123 subdomain, the form of most names: Kubernetes, "Object Names and IDs". */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

/** RFC 1123 label, the form of a namespace's and a port's name. */
export function isLabel(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}
