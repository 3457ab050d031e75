import { isLabel } from '../../model/kube-name.ts';
import { parsedText } from '../expect.ts';

export const portName = parsedText(
  'the name of a port: lower-case letters, digits and "-", at most 63 characters',
  (text) => (isLabel(text) ? { value: text } : undefined),
);
