# What test/field/visit.ts does, with the Python SDK 2: visit.py <url> <mode> <tool> <prompt> <resource> <asking>; prints one JSON object.
import asyncio
import json
import sys

import mcp


async def answer(_context, _params):
    return mcp.types.ElicitResult(action="accept", content={"name": "Ada"})


async def visit(url, mode, tool, prompt, resource, asking):
    info = mcp.Implementation(name="python", version="1")
    async with mcp.Client(url, mode=mode, client_info=info, elicitation_callback=answer) as client:
        tools = (await client.list_tools()).tools
        called = await client.call_tool(tool, {"city": "서울"})
        listed = (await client.list_resources()).resources
        uri = next(str(one.uri) for one in listed if one.name == resource)
        read = await client.read_resource(uri)
        prompts = (await client.list_prompts()).prompts
        assert any(one.name == prompt for one in prompts)
        got = await client.get_prompt(prompt, {"name": "Ada"})
        asked = await client.call_tool(asking, {})
        return {
            "answer": json.loads(asked.content[0].text),
            "tools": [one.name for one in tools],
            "seen": json.loads(called.content[0].text),
            "read": read.contents[0].text,
            "prompt": got.messages[0].content.text,
        }


print(json.dumps(asyncio.run(visit(*sys.argv[1:]))))
