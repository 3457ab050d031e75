/** Colour only where a person looks at it, and not against their will (https://no-color.org). */
const colourful = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';

export const bold = styled('1');
export const dim = styled('2');
export const green = styled('32');
export const red = styled('31');

function styled(code: string): (text: string) => string {
  return (text) => (colourful ? `\u001b[${code}m${text}\u001b[0m` : text);
}
