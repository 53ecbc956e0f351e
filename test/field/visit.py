# What test/field/visit.ts does, with the Python SDK: visit.py <url> <mode> <tool> <prompt> <resource>; prints one JSON object.
import asyncio
import json
import sys

import mcp


async def visit(url, mode, tool, prompt, resource):
    async with mcp.Client(url, mode=mode, client_info=mcp.Implementation(name="python", version="1")) as client:
        tools = (await client.list_tools()).tools
        called = await client.call_tool(tool, {"city": "서울"})
        listed = (await client.list_resources()).resources
        uri = next(str(one.uri) for one in listed if one.name == resource)
        read = await client.read_resource(uri)
        prompts = (await client.list_prompts()).prompts
        assert any(one.name == prompt for one in prompts)
        got = await client.get_prompt(prompt, {"name": "Ada"})
        return {
            "tools": [one.name for one in tools],
            "seen": json.loads(called.content[0].text),
            "read": read.contents[0].text,
            "prompt": got.messages[0].content.text,
        }


print(json.dumps(asyncio.run(visit(*sys.argv[1:]))))
