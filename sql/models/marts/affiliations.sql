select
    affiliation.document_id,
    document.source_uri,
    affiliation.person_id,
    affiliation.person_name,
    affiliation.title,
    affiliation.actor_id,
    affiliation.is_current,
    affiliation.evidence,
    affiliation.evidence_start,
    affiliation.evidence_end,
    affiliation.affiliation_id,
    document.published_on
from {{ ref('stg_affiliations') }} as affiliation
inner join {{ ref('int_representatives') }} as document using (extraction_key)
