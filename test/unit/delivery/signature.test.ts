import { Webhook } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { newSecret, secretOfText, signWebhook } from '../../../src/delivery/signature.ts';

const BODY = JSON.stringify({ event_type: 'message_created', message: 'Sää on 12 °C 🙂' });

function headers(id: string, timestamp: number, signature: string): Record<string, string> {
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature };
}

describe('signWebhook', () => {
  it('signs as the standard library does', async () => {
    const secret = newSecret();
    const at = new Date(1_700_000_000_000);
    const signature = await signWebhook({ secrets: [secret], id: 'id-1', timestamp: 1_700_000_000, body: BODY });
    expect(signature).toBe(new Webhook(secret).sign('id-1', at, BODY));
  });

  it('is verified by the standard library with either secret during a rotation', async () => {
    const [current, previous, stranger] = [newSecret(), newSecret(), newSecret()];
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = await signWebhook({ secrets: [current, previous], id: 'id-2', timestamp, body: BODY });
    const signed = headers('id-2', timestamp, signature);
    expect(new Webhook(current).verify(BODY, signed)).toEqual(JSON.parse(BODY));
    expect(new Webhook(previous).verify(BODY, signed)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(stranger).verify(BODY, signed)).toThrow();
    expect(() => new Webhook(current).verify(`${BODY} `, signed)).toThrow();
    expect(() => new Webhook(current).verify(BODY, { ...signed, 'webhook-id': 'id-3' })).toThrow();
  });

  it('imports a secret once, and again when it has not for 30 seconds', async () => {
    const secrets = [newSecret()];
    const start = 2_000_000_000;
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const importsAt = async (timestamp: number) => {
      await signWebhook({ secrets, id: 'id-6', timestamp, body: BODY });
      return imports.mock.calls.length;
    };
    expect([await importsAt(start), await importsAt(start + 29), await importsAt(start + 30)]).toEqual([1, 1, 2]);
    imports.mockRestore();
  });

  it('takes the bytes of a text as the key, as the standard library does with a raw secret', async () => {
    const text = 'umiapp_Zürich-_0';
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = await signWebhook({ secrets: [secretOfText(text)], id: 'id-5', timestamp, body: BODY });
    const signed = headers('id-5', timestamp, signature);
    expect(new Webhook(new TextEncoder().encode(text), { format: 'raw' }).verify(BODY, signed)).toEqual(
      JSON.parse(BODY),
    );
    expect(new Webhook(`whsec_${Buffer.from(text, 'utf8').toString('base64')}`).verify(BODY, signed)).toBeTruthy();
  });

  it('puts the current secret first', async () => {
    const [current, previous] = [newSecret(), newSecret()];
    const content = { id: 'id-4', timestamp: 1, body: '{}' };
    const both = await signWebhook({ ...content, secrets: [current, previous] });
    expect(both.split(' ')).toEqual([
      await signWebhook({ ...content, secrets: [current] }),
      await signWebhook({ ...content, secrets: [previous] }),
    ]);
  });

  it('imports a key once', async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const [current, previous] = [newSecret(), newSecret()];
    const content = { id: 'id-6', timestamp: 1, body: '{}' };
    const both = await signWebhook({ ...content, secrets: [current, previous] });
    expect(await signWebhook({ ...content, secrets: [current, previous] })).toBe(both);
    expect(imports).toHaveBeenCalledTimes(2);
    imports.mockRestore();
  });

  it('throws on a secret of another form', async () => {
    await expect(signWebhook({ secrets: ['c2VjcmV0'], id: 'a', timestamp: 1, body: '{}' })).rejects.toThrow('whsec_');
  });
});

describe('newSecret', () => {
  it('is whsec_ and 32 random bytes in base64', () => {
    const secrets = Array.from({ length: 20 }, newSecret);
    expect(new Set(secrets).size).toBe(20);
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
    }
  });
});
