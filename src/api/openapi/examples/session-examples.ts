import { isoTime } from '../../../resources/clock.ts';
import { directoryExamples } from './directory-examples.ts';
import { at, ids } from './shop.ts';

/** Alice signs in to the console in the morning. */
export const sessionExamples = {
  NewSession: { token: 'umi_Qm9va3NoZWxmLWhhcmJvdXItYm9va3MtZXhhbXBsZS10b2tlbg1x2y3z4' },
  DemoUsers: { users: [{ id: ids.agent, name: 'Alice Berg' }], is_complete: true },
  DemoMessageSent: { chat_id: ids.chat },
  NewSignInLink: { scopes: ['reports'], invitation: true },
  SignInLink: {
    url: 'https://hub.example.com/console/sign-in#code=umi_SGFyYm91ckJvb2tzLXNpZ24taW4tbGluay1leGFtcGxl0a1b2c3d',
    expires_at: isoTime(at('08:15:00.000')),
  },
  Session: {
    user: directoryExamples.User,
    preferences: directoryExamples.UserPreferences,
    organization_id: ids.organization,
    rooms: [{ id: ids.room, name: 'Support' }],
    scopes: ['reports'],
    token_id: ids.token,
    expires_at: isoTime(at('20:00:00.000')),
  },
  OwnSession: {
    id: ids.token,
    label: 'Firefox on Windows',
    scopes: ['reports'],
    created_at: isoTime(at('08:00:00.000')),
    expires_at: isoTime(at('20:00:00.000')),
  },
};
