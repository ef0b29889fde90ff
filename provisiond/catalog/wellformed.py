"""Is a document well-formed XML that a phone's small parser can read, without DTD or entities?

It is only read: what phones get are the template's own bytes, never a re-serialised tree, for
`<X/>` and `<X></X>` are different things to some of them.
"""

from typing import TYPE_CHECKING

from provisiond.inventory.errors import Finding

if TYPE_CHECKING:
    from lxml import etree


def parse_xml(body: bytes, where: str) -> "tuple[etree._Element | None, tuple[Finding, ...]]":
    """The root element, or None with the reason and its line.

    Nothing is fetched or expanded: no network, no DTD, no entities. A document that declares a
    DTD or refers to an entity is refused even so. `where` is what findings name.
    """
    from lxml import etree  # 4 MiB that are not needed to write XML

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_blank_text=False,
        strip_cdata=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        words = (fault.msg or "the document is empty").partition(", line ")[0]
        message = f"is not well-formed XML: {words}."
        return None, (Finding(where=where, message=message, line=fault.lineno or 1),)
    except ValueError as fault:
        return None, (Finding(where=where, message=f"is no XML: {fault}.", line=1),)
    tree = root.getroottree()
    if tree.docinfo.doctype:
        message = "declares a DTD; phones ignore or refuse it."
        return None, (Finding(where=where, message=message, line=1),)
    entities = tuple(
        Finding(where=where, message=f"refers to the entity {node.text}.", line=node.sourceline)
        for node in root.iter(etree.Entity)
    )
    return (None if entities else root), entities
