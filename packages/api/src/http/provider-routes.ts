// The routes of logging in through a provider, and of the accounts a person has linked.
import { idParams } from './common.ts'
import {
  accountListResponse,
  backChannelLogoutRequest,
  backChannelLogoutResponse,
  finishLoginQuery,
  startLinkParams,
  startLinkResponse,
  startLoginQuery,
} from './providers.ts'
import { providerParams } from './provider-settings.ts'
import type { RouteShape } from './route-shape.ts'

export const PROVIDER_ROUTES = {
  startGithubLogin: {
    method: 'GET',
    path: '/api/oauth/github',
    permission: 'public',
    answer: 'redirect',
    summary: 'Go to GitHub to log in',
    query: startLoginQuery,
    response: null,
    status: 303,
  },
  startOidcLogin: {
    method: 'GET',
    path: '/api/oidc/login',
    permission: 'public',
    answer: 'redirect',
    summary: 'Go to an OpenID Connect provider to log in',
    query: startLoginQuery,
    response: null,
    status: 303,
  },
  finishLogin: {
    method: 'GET',
    path: '/api/oauth/callback/:id',
    permission: 'public',
    answer: 'redirect',
    summary:
      'Where a provider sends the browser back to, each to its own address: begins a console session, or says why not',
    params: providerParams,
    query: finishLoginQuery,
    response: null,
    status: 303,
  },
  backChannelLogout: {
    method: 'POST',
    path: '/api/oidc/logout/:provider',
    permission: 'public',
    bodyType: 'form',
    summary: 'A provider says that a person logged out there (OpenID Connect Back-Channel Logout 1.0)',
    params: startLinkParams,
    body: backChannelLogoutRequest,
    response: backChannelLogoutResponse,
    status: 200,
  },
  listAccounts: {
    method: 'GET',
    path: '/api/user/accounts',
    permission: 'self',
    credentials: 'console',
    summary: 'Your accounts elsewhere by which you log in',
    response: accountListResponse,
    status: 200,
  },
  startLink: {
    method: 'POST',
    path: '/api/user/accounts/:provider/start',
    permission: 'self',
    credentials: 'console',
    summary: 'Begin to link an account elsewhere to yours; the page goes to the address that is answered',
    params: startLinkParams,
    response: startLinkResponse,
    status: 200,
  },
  unlinkAccount: {
    method: 'DELETE',
    path: '/api/user/accounts/:id',
    permission: 'self',
    credentials: 'console',
    summary: 'Unlink an account elsewhere; the last way in stays',
    params: idParams,
    response: null,
    status: 204,
  },
} as const satisfies Record<string, RouteShape>
