import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseBackend } from '../../../init/choose-backend.ts';
import { parseSaved } from '../../../init/netfilter/saved.ts';

const none = parseSaved('');
const foreign = parseSaved('*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j ACCEPT\nCOMMIT\n');
const ours = parseSaved('*filter\n:WEIR_GATE - [0:0]\nCOMMIT\n');
const unreadable = parseSaved("# Table `nat' is incompatible, use 'nft' tool.\n");

function survey(nft: typeof none, legacy: typeof none) {
  return { nft: { 4: nft, 6: none }, legacy: { 4: legacy, 6: none } };
}

const chosen = [
  { says: 'ours in legacy is adopted', wanted: 'auto', nft: foreign, legacy: ours, is: 'legacy' },
  { says: 'ours in nft is adopted', wanted: 'auto', nft: ours, legacy: foreign, is: 'nft' },
  { says: 'rules of others decide', wanted: 'auto', nft: none, legacy: foreign, is: 'legacy' },
  { says: 'the option decides', wanted: 'nft', nft: none, legacy: foreign, is: 'nft' },
  { says: 'what cannot be read is left alone', wanted: 'auto', nft: unreadable, legacy: none, is: 'legacy' },
] as const;
for (const { says, wanted, nft, legacy, is } of chosen) {
  test(says, async () => assert.equal(await chooseBackend(wanted, survey(nft, legacy)), is));
}

const refused = [
  { says: 'ours in both', wanted: 'auto', nft: ours, legacy: ours, has: /both backends/ },
  { says: 'ours in the other', wanted: 'nft', nft: none, legacy: ours, has: /stand in the legacy backend/ },
  { says: 'a state that cannot be read', wanted: 'nft', nft: unreadable, legacy: none, has: /table ip nat is unknown/ },
] as const;
for (const { says, wanted, nft, legacy, has } of refused) {
  test(`refused: ${says}`, async () => {
    await assert.rejects(chooseBackend(wanted, survey(nft, legacy)), { exit: 69, message: has });
  });
}
