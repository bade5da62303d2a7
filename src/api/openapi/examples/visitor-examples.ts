import { isoTime } from '../../../resources/clock.ts';
import { roomVisitorResource } from '../../../resources/room-visitor.ts';
import { publicName } from '../../../resources/user.ts';
import { agent, at, ids } from './shop.ts';

const SECRET = '5f1c0a9e7b3d62488e1fa4c9d07b3625e18f9a6c4d2b70e3a5';

const screen = { device_screen_width: 1440, device_screen_height: 900 };
const page = { latest_page_url: 'https://books.example.com/orders/4711', latest_page_title: 'Your order' };
const details = { ...page, referrer_url: 'https://search.example.com/', ...screen };

const variable = {
  key: 'username',
  value: 'Jane Doe',
  created_at: isoTime(at('12:22:17.668')),
  updated_at: isoTime(at('12:22:17.668')),
};

/** By the names of components. */
export const visitorExamples = {
  NewVisitorAttachment: { file_id: ids.file },
  LiveTicket: {
    ticket: `${ids.organization}.ZXhhbXBsZSBvZiBhIHRpY2tldCBmb3Igb25lIHVzZS4`,
    expires_at: isoTime(at('12:22:47.000')),
  },
  AuthenticateVisitor: { visitor_secret_id: SECRET },
  VisitorSession: {
    visitor_id: ids.visitor,
    visitor_secret_id: SECRET,
    visitor_global_id: ids.visitor,
    organization_id: ids.organization,
    socket_url: `wss://hub.example.com/api/v5/public/visitors/${ids.visitor}/live`,
    access_token: 'eyJhbGciOiJIUzI1NiJ9.eyJ2aXNpdG9yX2lkIjoiN2QwZiJ9.c2lnbmF0dXJl',
    expires_at: isoTime(at('12:52:17.000')),
    expires_in: 1800,
    minimal_bar_version: 3,
  },
  PublicRoom: {
    id: ids.room,
    display_name: 'Harbour Books support',
    language_code: 'en',
    is_open: true,
    is_online: true,
    brand: null,
  },
  PublicAutosuggestion: {
    autosuggestion: {
      id: ids.suggestion,
      message: 'May I help you?',
      language_code: 'en',
      user: { id: ids.agent, public_name: publicName(agent), avatar: null },
    },
  },
  OpenOwnVisitorChat: {
    autosuggestion: {
      id: ids.suggestion,
      url: 'https://books.example.com/cart',
      url_title: 'Your cart',
      language: 'en',
    },
  },
  OnlineUser: { id: ids.agent, public_name: publicName(agent), avatar: null },
  PublicRoomVisitor: { id: ids.visitor, room_id: ids.room, presence_expires_in: 120 },
  CreateRoomVisitor: { id: ids.visitor, presence_expires_in: 120, ...details },
  UpdateRoomVisitor: { presence_expires_in: 120, ...page },
  EndOwnChat: { is_ended: true },
  EditMessageAsVisitor: { message: 'Where is my order 4711?' },
  PostMessageAsVisitor: { message: 'Where is my order?' },
  RoomVisitor: roomVisitorResource({
    id: ids.visitor,
    room_id: ids.room,
    is_present: true,
    visit_count: 2,
    details: {
      ...details,
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      ip_address: '203.0.113.7',
      geo_city: 'Ramsgate',
      geo_country_code: 'GB',
      geo_country: 'United Kingdom',
    },
  }),
  VisitorVariable: variable,
  SetVisitorVariable: { key: 'username', value: 'Jane Doe' },
  ChangeVisitorVariable: { value: 'Jane Doe' },
};
