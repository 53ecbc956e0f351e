// The routes of administrators over the providers people log in through.
import {
  checkProviderRequest,
  deleteProviderQuery,
  providerCheckResponse,
  providerListResponse,
  providerParams,
  providerResponse,
  putProviderRequest,
} from './provider-settings.ts'
import type { RouteShape } from './route-shape.ts'

export const PROVIDER_SETTINGS_ROUTES = {
  listProviders: {
    method: 'GET',
    path: '/api/admin/providers',
    permission: 'admin',
    summary: 'The providers people log in through, without their secrets',
    response: providerListResponse,
    status: 200,
  },
  checkProvider: {
    method: 'POST',
    path: '/api/admin/providers/check',
    permission: 'admin',
    isUnrecorded: true,
    summary: 'Whether a provider answers, can what is needed, and knows the client; changes nothing',
    body: checkProviderRequest,
    bodySize: 'large',
    response: providerCheckResponse,
    status: 200,
  },
  putProvider: {
    method: 'PUT',
    path: '/api/admin/providers/:id',
    permission: 'admin',
    summary: 'Add or change a provider; one from the configuration is changed there',
    params: providerParams,
    body: putProviderRequest,
    bodySize: 'large',
    response: providerResponse,
    status: 200,
  },
  deleteProvider: {
    method: 'DELETE',
    path: '/api/admin/providers/:id',
    permission: 'admin',
    summary: 'Remove a provider; what it said of people counts until it runs out',
    params: providerParams,
    query: deleteProviderQuery,
    response: null,
    status: 204,
  },
} as const satisfies Record<string, RouteShape>
