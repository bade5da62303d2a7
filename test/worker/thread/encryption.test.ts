import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { encryptText, newChatKey, publicKeyIn } from '../../../src/domain/encryption.ts';
import { chatKeyOf, newKeyPair, textOf } from '../../support/chat-decrypter.ts';

it('encrypts in workerd what the holder of the private key can read', async () => {
  const { publicKey, privateKey } = await newKeyPair();
  expect(publicKeyIn(publicKey)).toBe(publicKey);
  const { encrypted_symmetric_key, key } = newChatKey({ public_key: publicKey, key_ttl: null }, randomBytes);
  const chatKey = await chatKeyOf(encrypted_symmetric_key, privateKey);
  expect(chatKey).toBe(key);
  expect(await textOf(encryptText(chatKey, 'Moi, mitä kuuluu? 🙂', randomBytes(16)), chatKey)).toBe(
    'Moi, mitä kuuluu? 🙂',
  );
});
