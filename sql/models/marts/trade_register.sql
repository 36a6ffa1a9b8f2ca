with told as (
    select
        transfer_id,
        min(year(published_on)) filter (where step in (5, 6)) as year_of_order,
        max(coalesce(quantity_high, quantity_low)) filter (where step < 7) as number_ordered,
        min(year(coalesce(date_start, date_end, published_on))) filter (where step = 8) as first_year_of_delivery,
        max(year(coalesce(date_end, date_start, published_on))) filter (where step = 8) as last_year_of_delivery,
        max(coalesce(quantity_low, quantity_high)) filter (where step = 8) as number_delivered
    from {{ ref('int_transfer_members') }}
    where is_basis
    group by transfer_id
)

select
    transfer.transfer_id,
    coalesce(recipient.name, transfer.recipient_id) as recipient,
    coalesce(supplier.name, transfer.supplier_id) as supplier,
    told.year_of_order,
    told.number_ordered,
    transfer.weapon as weapon_designation,
    transfer.materiel as weapon_description,
    transfer.category,
    told.first_year_of_delivery,
    told.last_year_of_delivery,
    told.number_delivered,
    transfer.quantity_unit as unit,
    transfer.status,
    transfer.value_amount,
    transfer.value_currency,
    nullif(
        concat_ws(
            '; ',
            'corroboration: ' || transfer.corroboration,
            'made by ' || transfer.origin_id,
            'through ' || replace(transfer.intermediary_ids, ';', ', '),
            'denied by ' || replace(transfer.denied_by, ';', ', ')
        ),
        ''
    ) as comments,
    transfer.supplier_id,
    transfer.recipient_id,
    transfer.n_claims,
    transfer.n_sources
from {{ ref('transfers') }} as transfer
inner join told using (transfer_id)
left join {{ ref('int_actor_profiles') }} as supplier on transfer.supplier_id = supplier.actor_id
left join {{ ref('int_actor_profiles') }} as recipient on transfer.recipient_id = recipient.actor_id
where transfer.corroboration not in ('denied', 'supposed')
