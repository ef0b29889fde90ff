"""On which event loops do the listeners' tests run?"""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

BOTH: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """HTTP and TFTP run on both: transports, readers and timers differ between them."""
    if item.path.name.startswith(("test_http", "test_tftp")):
        return BOTH
    return {"asyncio": asyncio.new_event_loop}
