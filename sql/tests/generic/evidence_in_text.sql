{% test evidence_in_text(model) %}
-- Offsets count Unicode code points from 0, as Python's `text[start:end]` does; substring() counts them from 1.
select claim.*
from {{ model }} as claim
left join {{ ref('documents') }} as document using (document_id)
where
    claim.evidence_start < 0
    or claim.evidence_end <= claim.evidence_start
    or claim.evidence is distinct from
    substring(document.text, claim.evidence_start + 1, claim.evidence_end - claim.evidence_start)
{% endtest %}
