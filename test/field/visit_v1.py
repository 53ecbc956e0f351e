# What test/field/visit.ts does, with the Python SDK 1: visit_v1.py <url> <tool> <prompt> <resource> <asking>; prints one JSON object.
import asyncio
import json
import sys

from mcp import ClientSession, types
from mcp.client.streamable_http import streamablehttp_client


async def answer(_context, _params):
    return types.ElicitResult(action="accept", content={"name": "Ada"})


async def visit(url, tool, prompt, resource, asking):
    info = types.Implementation(name="python", version="1")
    async with streamablehttp_client(url) as (read_stream, write_stream, _):
        async with ClientSession(read_stream, write_stream, client_info=info, elicitation_callback=answer) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            called = await session.call_tool(tool, {"city": "서울"})
            listed = (await session.list_resources()).resources
            uri = next(one.uri for one in listed if one.name == resource)
            read = await session.read_resource(uri)
            prompts = (await session.list_prompts()).prompts
            assert any(one.name == prompt for one in prompts)
            got = await session.get_prompt(prompt, {"name": "Ada"})
            asked = await session.call_tool(asking, {})
            return {
                "answer": json.loads(asked.content[0].text),
                "tools": [one.name for one in tools],
                "seen": json.loads(called.content[0].text),
                "read": read.contents[0].text,
                "prompt": got.messages[0].content.text,
            }


print(json.dumps(asyncio.run(visit(*sys.argv[1:]))))
