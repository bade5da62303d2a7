import { describe, expect, it } from 'vitest';
import { type GuardOptions, guardWebhookUrl } from '../../../src/delivery/url-guard.ts';

const STRICT: GuardOptions = { allowInsecureLoopback: false, ownOrigins: ['', 'https://hub.example.com'] };
const DEVELOPMENT: GuardOptions = { allowInsecureLoopback: true, ownOrigins: ['http://127.0.0.1:8787'] };

const ALLOWED = [
  'https://receiver.example.com/hooks?key=1',
  'https://receiver.example.com./hooks',
  'https://receiver.example.com:8443/',
  'https://8.8.8.8/',
  'https://100.63.255.255/',
  'https://100.128.0.1/',
  'https://172.15.0.1/',
  'https://172.32.0.1/',
  'https://192.0.1.1/',
  'https://198.17.255.255/',
  'https://198.20.0.1/',
  'https://223.255.255.255/',
  'https://[2606:4700::1111]/',
  'https://[2a00:1450:4001:81b::200e]:8443/',
  'https://localhost.example.com/',
  'https://internal.example.com/',
  'https://notlocal.com/',
  'https://mylocalhost.com/',
  'https://latest.com/',
  'https://corp.example.com/',
  'https://receiver.example.com:1024/',
  'https://hub.example.com:8443/',
  'https://hub.example.org/',
];

const REFUSED_ADDRESSES = [
  '2130706433',
  '0x7f.1',
  '0x7f000001',
  '127.1',
  '127.0.0.1',
  '127.0.0.1.',
  '127.255.255.254',
  '017700000001',
  '0177.0.0.1',
  '１２７.０.０.１',
  '①②⑦.⓪.⓪.①',
  '169.254.169.254',
  '2852039166',
  '0.0.0.0',
  '0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.7',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:7f00:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:8.8.8.8]',
  '[::ffff:0:127.0.0.1]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b::169.254.169.254]',
  '[64:ff9b:1::a9fe:a9fe]',
  '[100::1]',
  '[2001::1]',
  '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
  '[2001:2::1]',
  '[2001:10::1]',
  '[2001:20::1]',
  '[2001:db8::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[3fff::1]',
  '[3fff:fff::1]',
  '[5f00::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[2a00:1450::5efe:7f00:1]',
  '[2a00:1450::200:5efe:10.0.0.1]',
];

const REFUSED_NAMES = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'localhost..',
  'foo.localhost',
  'foo.localhost.',
  'ｌｏｃａｌｈｏｓｔ',
  'metadata.google.internal',
  'metadata.google.internal.',
  'internal',
  'printer.local',
  'printer.local.',
  'local',
  'intranet',
  'notlocal',
  'receiver.',
  'receiver.test',
  'RECEIVER.TEST.',
  'receiver.invalid',
  'receiver.onion',
  'receiver.alt',
  'receiver.lan',
  'receiver.home',
  'receiver.home.arpa',
  'receiver.corp',
  'receiver.mail',
  'receiver.intranet',
  'receiver.private',
  'receiver.localdomain',
];

const OWN = [
  'https://hub.example.com/',
  'https://HUB.example.com:443/api',
  'https://hub.example.com./',
  'https://hub.example.com:0443/',
];

describe('guardWebhookUrl', () => {
  it.each(ALLOWED)('allows %s', (text) => {
    expect(guardWebhookUrl(text, STRICT)).toEqual({ ok: true, url: new URL(text) });
  });

  it.each(REFUSED_ADDRESSES)('refuses the address %s', (host) => {
    const reason = 'must not point to a private or reserved address';
    expect(guardWebhookUrl(`https://${host}/hook`, STRICT)).toEqual({ ok: false, reason });
    expect(guardWebhookUrl(`https://${host}:8443/hook`, STRICT)).toEqual({ ok: false, reason });
  });

  it.each(REFUSED_NAMES)('refuses the name %s', (host) => {
    const reason = 'must not point to a local host name';
    expect(guardWebhookUrl(`https://${host}/hook`, STRICT)).toEqual({ ok: false, reason });
  });

  it.each(OWN)('refuses its own origin %s', (text) => {
    expect(guardWebhookUrl(text, STRICT)).toEqual({ ok: false, reason: 'must not point to this service' });
  });

  it.each([
    ['', 'is not valid'],
    ['receiver.example.com/hook', 'is not valid'],
    ['https://', 'is not valid'],
    ['https://[::1', 'is not valid'],
    ['https://256.1.1.1/', 'is not valid'],
    ['http://receiver.example.com/', 'must use https'],
    ['ftp://receiver.example.com/', 'must use https'],
    ['javascript:alert(1)', 'must use https'],
    ['data:text/plain,x', 'must use https'],
    ['file:///etc/passwd', 'must use https'],
    ['https://user@receiver.example.com/', 'must not contain credentials'],
    ['https://user:word@receiver.example.com/', 'must not contain credentials'],
    ['https://:word@receiver.example.com/', 'must not contain credentials'],
    ['http://127.0.0.1:9000/', 'must use https'],
    ['https://receiver.example.com:0/', 'must not use a port below 1024 other than 443'],
    ['https://receiver.example.com:22/', 'must not use a port below 1024 other than 443'],
    ['https://receiver.example.com:80/', 'must not use a port below 1024 other than 443'],
    ['https://receiver.example.com:1023/', 'must not use a port below 1024 other than 443'],
  ])('refuses %s', (text, reason) => {
    expect(guardWebhookUrl(text, STRICT)).toEqual({ ok: false, reason });
  });

  it('accepts 2,048 characters and no more', () => {
    const start = 'https://receiver.example.com/';
    expect(guardWebhookUrl(start.padEnd(2048, 'a'), STRICT).ok).toBe(true);
    const reason = 'must not be longer than 2048 characters';
    expect(guardWebhookUrl(start.padEnd(2049, 'a'), STRICT)).toEqual({ ok: false, reason });
  });
});

describe('guardWebhookUrl with insecure loopback allowed', () => {
  it.each([
    'http://127.0.0.1:9000/hook',
    'https://127.0.0.1:9000/hook',
    'http://127.8.9.10/',
    'http://127.0.0.1:80/',
    'http://127.1:9000/',
    'http://[::1]:9000/',
    'https://[::1]:9000/',
    'http://localhost:9000/',
    'http://localhost.:9000/',
    'https://localhost/',
    'https://127.0.0.1:8787/',
  ])('allows %s', (text) => {
    expect(guardWebhookUrl(text, DEVELOPMENT)).toEqual({ ok: true, url: new URL(text) });
  });

  it.each([
    ['http://receiver.example.com/', 'must use https'],
    ['http://10.0.0.1/', 'must use https'],
    ['https://10.0.0.1/', 'must not point to a private or reserved address'],
    ['http://[::ffff:127.0.0.1]/', 'must use https'],
    ['https://[::ffff:127.0.0.1]/', 'must not point to a private or reserved address'],
    ['https://foo.localhost/', 'must not point to a local host name'],
    ['http://user@127.0.0.1:9000/', 'must not contain credentials'],
    ['http://127.0.0.1:25/', 'must not use a port below 1024 other than 443'],
    ['http://127.0.0.1:8787/', 'must not point to this service'],
    ['http://localhost:8787/', 'must not point to this service'],
    ['http://localhost.:8787/', 'must not point to this service'],
    ['http://[::1]:8787/', 'must not point to this service'],
    ['http://2130706433:8787/', 'must not point to this service'],
  ])('refuses %s', (text, reason) => {
    expect(guardWebhookUrl(text, DEVELOPMENT)).toEqual({ ok: false, reason });
  });
});
