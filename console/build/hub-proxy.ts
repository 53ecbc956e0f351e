// While one works on the console Vite serves it and hands the rest to a hub. The hub compares Host and Origin with its own address, so
// both are rewritten to it.
import type { ProxyOptions } from 'vite'

export function hubProxy(hub: string): Record<string, ProxyOptions> {
  const options: ProxyOptions = {
    target: hub,
    changeOrigin: true,
    configure: (proxy) => {
      proxy.on('proxyReq', (request) => {
        if (request.getHeader('origin') !== undefined) request.setHeader('origin', hub)
      })
    },
  }
  return { '/api': options, '/mcp': options }
}
