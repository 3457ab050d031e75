import { writeFileSync } from 'node:fs';
import { must } from './run.ts';

/**
 * A CA of this lab alone (`ca.pem`), and KEY.pem with KEY.key for each entry, with all its names. Made by openssl, P-256,
 * valid for two days.
 */
export async function makeCertificates(folder: string, byKey: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const ca = ['-keyout', `${folder}/ca.key`, '-out', `${folder}/ca.pem`, '-subj', '/CN=Weir lab CA'];
  await must(['openssl', ...FRESH, ...ca, '-addext', 'keyUsage=critical,keyCertSign']);
  // The system's configuration would mark every -x509 certificate as a CA's; ours leaves that to the command line.
  writeFileSync(`${folder}/leaf.cnf`, '[req]\ndistinguished_name=dn\n[dn]\n');
  const signer = ['-config', `${folder}/leaf.cnf`, '-CA', `${folder}/ca.pem`, '-CAkey', `${folder}/ca.key`];
  await Promise.all(
    [...byKey].map(([key, names]) => {
      const out = ['-keyout', `${folder}/${key}.key`, '-out', `${folder}/${key}.pem`, '-subj', `/CN=${names[0]}`];
      const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`;
      return must(['openssl', ...FRESH, ...signer, ...out, '-addext', alternatives, ...LEAF]);
    }),
  );
}

const FRESH = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'.split(' ');
const LEAF = '-addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth'.split(' ');
