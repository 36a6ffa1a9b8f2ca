select
    reject.source_uri,
    reject.step,
    reject.reason,
    reject.detail,
    exists (
        select 1 from {{ ref('stg_documents') }} as document where document.source_uri = reject.source_uri
    ) as has_document
from {{ ref('stg_rejects') }} as reject
