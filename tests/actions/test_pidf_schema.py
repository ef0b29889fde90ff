"""The schemas hold what RFC 3863, RFC 4119 and RFC 5139 declare: their rules one by one."""

import pytest
from lxml import etree

from provisiond.actions.pidf_lo import SCHEMAS

CIVIC = (
    *("country", "A1", "A2", "A3", "A4", "A5", "A6", "PRM", "PRD", "RD", "STS", "POD", "POM"),
    *("RDSEC", "RDBR", "RDSUBBR", "HNO", "HNS", "LMK", "LOC", "FLR", "NAM", "PC", "BLD", "UNIT"),
    *("ROOM", "SEAT", "PLC", "PCN", "POBOX", "ADDCODE"),
)
"""The elements of RFC 5139 §4 in their order."""

# A place in Wollongong as RFC 5139 §5 has it, in a document as RFC 4119 §2.3 lays one out.
DOCUMENT = """
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
  xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy"
  xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xmlns:x="urn:example:x"
  entity="pres:geotarget@example.com">
 <tuple id="sg89ae">
  <status>
   <basic>open</basic>
   <gp:geopriv>
    <gp:location-info>
     <ca:civicAddress xml:lang="en-AU">
      <ca:country>AU</ca:country><ca:A1>NSW</ca:A1>
      <ca:A3>     Wollongong
      </ca:A3><ca:A4>North Wollongong
      </ca:A4><ca:RD xml:lang="en">Flinders</ca:RD><ca:STS>Street</ca:STS>
      <ca:RDBR>Campbell Street</ca:RDBR><ca:LMK> Gilligan's Island </ca:LMK>
      <ca:LOC>Corner</ca:LOC><ca:NAM> Video Rental Store </ca:NAM><ca:PC>2500</ca:PC>
      <ca:ROOM> Westerns and Classics </ca:ROOM><ca:PLC>store</ca:PLC>
      <ca:POBOX>Private Box 15</ca:POBOX><x:more/>
     </ca:civicAddress>
    </gp:location-info>
    <gp:usage-rules>
     <gbp:retransmission-allowed>false</gbp:retransmission-allowed>
     <gbp:retention-expiry>2003-06-23T04:57:29Z</gbp:retention-expiry>
     <gbp:external-ruleset>https://rules.example.com/</gbp:external-ruleset>
     <gbp:note-well xml:lang="en">For you alone.</gbp:note-well><x:more/>
    </gp:usage-rules>
    <gp:method xml:lang="en">Manual</gp:method>
    <gp:provided-by><x:who/></gp:provided-by><x:more/>
   </gp:geopriv>
  </status>
  <x:more/>
  <contact priority="0.8">im:someone@example.com</contact>
  <note xml:lang="en">here</note>
  <timestamp>2003-06-22T20:57:29Z</timestamp>
 </tuple>
 <note xml:lang="">all</note><x:more/>
</presence>
"""


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / "pidf-lo.xsd")))


def is_valid(schema: etree.XMLSchema, text: str) -> bool:
    return bool(schema.validate(etree.fromstring(text)))


def test_a_document_with_all_that_the_standards_allow_is_one(schema: etree.XMLSchema) -> None:
    schema.assertValid(etree.fromstring(DOCUMENT))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        # RFC 3863: what must be there, its order, its types.
        (' entity="pres:geotarget@example.com"', ""),
        (' id="sg89ae"', ""),
        (' id="sg89ae"', ' id="1"'),
        (' id="sg89ae"', ' id="a" name="b"'),
        ("<basic>open</basic>", "<basic>OPEN</basic>"),
        ("<basic>open</basic>", "<basic>open</basic><basic>open</basic>"),
        ("<basic>open</basic>", "<x:more/><basic>open</basic>"),
        ("<basic>open</basic>", "<colour/>"),
        ('priority="0.8"', 'priority="1.1"'),
        ('priority="0.8"', 'priority="0.8888"'),
        ('<note xml:lang="en">', '<note xml:lang="not a language">'),
        ("2003-06-22T20:57:29Z</timestamp>", "yesterday</timestamp>"),
        ("<timestamp>", "<timestamp>2003-06-22T20:57:29Z</timestamp><timestamp>"),
        ("</presence>", '<tuple id="b"><status/></tuple></presence>'),
        ("</presence>", "<presence/></presence>"),
        # RFC 4119: location and rules are both there, once, in this order.
        ("gp:location-info>", "gp:location>"),
        ("gp:usage-rules>", "gp:rules>"),
        ("<gp:usage-rules>", "<gp:usage-rules/><gp:usage-rules>"),
        ("<gp:usage-rules>", "<gp:method>Manual</gp:method><gp:usage-rules>"),
        ('<gp:method xml:lang="en">', '<gp:method colour="x">'),
        ("<gp:provided-by><x:who/></gp:provided-by>", "<gp:provided-by/>"),
        ("<gp:provided-by><x:who/>", "<gp:provided-by><gp:who/>"),
        ("<gp:location-info>", "<gp:location-info><gp:point/>"),
        (">false<", ">no<"),
        ("2003-06-23T04:57:29Z</gbp", "soon</gbp"),
        ("<gbp:retention-expiry>", "<gbp:note-well/><gbp:retention-expiry>"),
        ("gbp:external-ruleset>", "gbp:ruleset>"),
        ("gbp:note-well xml:lang", "gbp:note-well lang"),
        # RFC 5139: the country's two letters, tokens, the order, nothing twice, nothing else.
        (">AU<", ">au<"),
        (">AU<", ">AUS<"),
        (">AU<", "><"),
        ("<ca:country>", '<ca:country xml:lang="en">'),
        ("<ca:PLC>", '<ca:PLC xml:lang="en">'),
        ('<ca:RD xml:lang="en">', '<ca:RD colour="x">'),
        ("Flinders<", "<x:y/><"),
        ("<ca:A1>NSW</ca:A1>", "<ca:A1>NSW</ca:A1><ca:A1>NSW</ca:A1>"),
        ("<ca:PC>", "<ca:STP>Rue</ca:STP><ca:PC>"),
        ("<x:more/>\n     </ca:civicAddress>", "<x:more/><ca:SEAT>1</ca:SEAT></ca:civicAddress>"),
    ],
)
def test_what_a_standard_rules_out_is_refused(
    schema: etree.XMLSchema, there: str, instead: str
) -> None:
    assert there in DOCUMENT
    assert not is_valid(schema, DOCUMENT.replace(there, instead))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("<basic>open</basic>", ""),
        ('priority="0.8"', 'priority="1.000"'),
        ("<x:more/>\n     </ca:civicAddress>", "</ca:civicAddress>"),
        ("<ca:country>AU</ca:country>", ""),
        ('xml:lang="en-AU"', 'x:any="thing"'),
        ('<gp:method xml:lang="en">Manual</gp:method>', ""),
        ("<gp:provided-by><x:who/></gp:provided-by>", ""),
        (">false<", ">0<"),
    ],
)
def test_what_may_be_left_out_or_be_otherwise_is_taken(
    schema: etree.XMLSchema, there: str, instead: str
) -> None:
    assert there in DOCUMENT
    schema.assertValid(etree.fromstring(DOCUMENT.replace(there, instead)))


def test_a_location_that_tells_nothing_is_one(schema: etree.XMLSchema) -> None:
    start, end = DOCUMENT.index("<ca:civic"), DOCUMENT.index("</gp:location-info>")
    schema.assertValid(etree.fromstring(DOCUMENT[:start] + DOCUMENT[end:]))


def test_every_element_of_a_civic_address_has_its_place(schema: etree.XMLSchema) -> None:
    start, end = DOCUMENT.index("<ca:country"), DOCUMENT.index("<x:more/>\n     </ca:civic")

    def of(names: tuple[str, ...]) -> str:
        told = [f"<ca:{name}>AU</ca:{name}>" for name in names]
        return DOCUMENT[:start] + "".join(told) + DOCUMENT[end:]

    schema.assertValid(etree.fromstring(of(CIVIC)))
    for index in range(len(CIVIC) - 1):
        swapped = (*CIVIC[:index], CIVIC[index + 1], CIVIC[index], *CIVIC[index + 2 :])
        assert not is_valid(schema, of(swapped)), CIVIC[index]


def test_attributes_of_extensions_are_known(schema: etree.XMLSchema) -> None:
    """RFC 3863 §4.2.2: mustUnderstand is a truth value, wherever it stands."""
    space = 'xmlns:p="urn:ietf:params:xml:ns:pidf"'
    there = "<x:more/>\n     </ca:civicAddress>"
    for value in ("1", "true", "0"):
        told = f'<x:more {space} p:mustUnderstand="{value}"/></ca:civicAddress>'
        schema.assertValid(etree.fromstring(DOCUMENT.replace(there, told)))
