"""Who may do what: every route with everybody who may use it. A route that is not listed fails, and so does a stale line.

``everyone`` needs no sign-in; ``order-key`` needs the key of that very order, ``own-part`` the buyer's own
place in line, complaint or review (tests/waitlist, tests/complaints, tests/reviews);
``begin-key`` needs the link that an empty installation prints (tests/console/test_workshop.py);
``wall-link`` needs the link of the board on the wall (tests/console_streams/test_wall.py);
``farmer-link`` needs a farmer's own link (tests/weigh/test_grower_pages.py); ``staff`` is anybody who works here;
``pass`` needs the pass that a signed-in packer's device was given; otherwise the roles stand there. Whoever may not is sent to sign in or told so (403), and an order without its key, like
somebody else's parcel, is not found (404). After adding a route run this file: it says which line is missing.
"""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from app.factory import create_app
from config import load_settings
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing.models import Packer
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.links import link_key
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER, PACKER, ROLES, STREAMER, WEIGHER
from tests import routes as ways
from tests.evenings import evening
from tests.ops.evening import ZONE
from tests.routes import Route

__all__ = ["evening"]
MATRIX = """
GET  /                                                                 everyone
GET  /api/openapi.json                                                 everyone
GET  /api/v1/orders/<number>                                           order-key
GET  /api/v1/streams                                                   everyone
POST /api/v1/streams/<int:stream_id>/orders                            everyone
GET  /api/v1/streams/<int:stream_id>/snapshot                          everyone
GET  /begin                                                            begin-key
POST /begin                                                            begin-key
GET  /begin/anew                                                       owner
POST /begin/anew                                                       owner
GET  /bench                                                            staff
POST /bench/back                                                       packer
POST /bench/choices                                                    staff
GET  /bench/contests                                                   packer
POST /bench/contests/<int:contest_id>/join                             packer
POST /bench/contests/<int:contest_id>/leave                            packer
POST /bench/hand-over                                                  everyone
GET  /bench/help                                                       everyone
GET  /bench/labels/<number>                                            owner lead packer
GET  /bench/labels/<number>.pdf                                        owner lead packer
POST /bench/labels/<number>/print                                      owner lead packer
GET  /bench/lead                                                       owner lead
GET  /bench/lead/badges                                                owner lead
POST /bench/lead/badges                                                owner lead
GET  /bench/lead/assign                                                owner lead
POST /bench/lead/assign/<int:task_id>                                  owner lead
GET  /bench/lead/boxes                                                  owner lead
POST /bench/lead/boxes                                                  owner lead
GET  /bench/lead/contests                                              owner lead
POST /bench/lead/contests                                              owner lead
GET  /bench/lead/contests/<int:contest_id>                             owner lead
GET  /bench/lead/contests/<int:contest_id>/certificates                owner lead
POST /bench/lead/contests/<int:contest_id>/join                        owner lead
POST /bench/lead/contests/<int:contest_id>/leave                       owner lead
POST /bench/lead/contests/<int:contest_id>/settle                      owner lead
GET  /bench/lead/corrections                                           owner lead
POST /bench/lead/corrections/<int:correction_id>/confirm               owner lead
POST /bench/lead/corrections/<int:correction_id>/refuse                owner lead
POST /bench/lead/corrections/complaints/<int:complaint_id>/answer      owner lead
GET  /bench/lead/corrections/new                                       owner lead
POST /bench/lead/corrections/new                                       owner lead
GET  /bench/lead/courier-cases                                         owner lead
POST /bench/lead/courier-cases/<int:case_id>/note                      owner lead
POST /bench/lead/courier-cases/<int:case_id>/settle                    owner lead
GET  /bench/lead/courier-sheets/<carrier>                              owner lead
POST /bench/lead/courier-sheets/<carrier>/columns                      owner lead
POST /bench/lead/courier-sheets/<carrier>/in                           owner lead
POST /bench/lead/courier-sheets/<carrier>/out                          owner lead
GET  /bench/lead/days                                                  owner lead
GET  /bench/lead/days/<int:close_id>                                   owner lead
GET  /bench/lead/days/<int:close_id>/paper                             owner lead
GET  /bench/lead/days/close                                            owner lead
POST /bench/lead/days/close                                            owner lead
POST /bench/lead/days/everybody-home                                   owner lead
GET  /bench/lead/fees                                                   owner lead
GET  /bench/lead/fees/file                                              owner lead
POST /bench/lead/fees/file                                              owner lead
GET  /bench/lead/fees/price                                             owner lead
POST /bench/lead/fees/price                                             owner lead
GET  /bench/lead/fees/prices.csv                                        owner lead
GET  /bench/lead/fees/report                                            owner lead
GET  /bench/lead/fees/report.csv                                        owner lead
GET  /bench/lead/hand-over                                             owner lead
POST /bench/lead/hand-over                                             owner lead
GET  /bench/lead/hand-over/list                                        owner lead
GET  /bench/lead/hand-over/list.csv                                    owner lead
GET  /bench/lead/hand-over/list/paper                                  owner lead
GET  /bench/lead/hand-over/lists                                        owner lead
GET  /bench/lead/hand-over/lists/<number>                               owner lead
GET  /bench/lead/hand-over/lists/<number>.csv                           owner lead
GET  /bench/lead/hand-over/lists/<number>/paper                         owner lead
GET  /bench/lead/hand-over/sign/<carrier>                               owner lead
POST /bench/lead/hand-over/sign/<carrier>                               owner lead
GET  /bench/lead/late-work                                             owner lead
POST /bench/lead/late-work/<key>/settle                                owner lead
GET  /bench/lead/live                                                  owner lead
GET  /bench/lead/orders                                                owner lead
POST /bench/lead/orders/<number>/open                                  owner lead
GET  /bench/lead/orders/<number>/stop                                  owner lead
POST /bench/lead/orders/<number>/stop                                  owner lead
GET  /bench/lead/parcels                                               owner lead
GET  /bench/lead/parcels/<number>                                      owner lead
GET  /bench/lead/parcels/<number>/sending                               owner lead
POST /bench/lead/parcels/<number>/sending/apart                         owner lead
POST /bench/lead/parcels/<number>/sending/bill                          owner lead
POST /bench/lead/parcels/<number>/sending/courier                       owner lead
POST /bench/lead/parcels/<number>/sending/scale                         owner lead
POST /bench/lead/parcels/<number>/sending/split                         owner lead
POST /bench/lead/parcels/<number>/waybill                              owner lead
GET  /bench/lead/pay                                                   owner lead
POST /bench/lead/pay                                                   owner lead
GET  /bench/lead/pay/<int:run_id>                                      owner lead
POST /bench/lead/pay/<int:run_id>/all-paid                             owner
POST /bench/lead/pay/<int:run_id>/bank                                 owner
GET  /bench/lead/pay/<int:run_id>/cash                                 owner lead
POST /bench/lead/pay/<int:run_id>/close                                owner
POST /bench/lead/pay/<int:run_id>/drop                                 owner lead
GET  /bench/lead/pay/<int:run_id>/people/<int:person_id>               owner lead
POST /bench/lead/pay/<int:run_id>/people/<int:person_id>/payouts       owner
POST /bench/lead/pay/<int:run_id>/people/<int:person_id>/payouts/<int:payout_id>/came-back owner
GET  /bench/lead/pay/<int:run_id>/people/<int:person_id>/slip          owner lead
POST /bench/lead/pay/<int:run_id>/propose                              owner lead
POST /bench/lead/pay/<int:run_id>/reverse                              owner
GET  /bench/lead/pay/payroll.<extension>                               owner lead
GET  /bench/lead/people                                                owner lead
GET  /bench/lead/people/<int:person_id>                                owner lead
POST /bench/lead/people/<int:person_id>/back                           owner lead
POST /bench/lead/people/<int:person_id>/break                          owner lead
POST /bench/lead/people/<int:person_id>/gone                           owner lead
POST /bench/lead/people/<int:person_id>/here                           owner lead
POST /bench/lead/people/<int:person_id>/until                          owner lead
POST /bench/lead/people/<int:person_id>/wishes                         owner lead
GET  /bench/lead/plan                                                  owner lead
GET  /bench/lead/printers                                              owner lead
POST /bench/lead/printers                                              owner lead
GET  /bench/lead/printers/<int:printer_id>                             owner lead
POST /bench/lead/printers/<int:printer_id>                             owner lead
POST /bench/lead/printers/<int:printer_id>/retire                      owner lead
GET  /bench/lead/printers/<int:printer_id>/test.pdf                    owner lead
GET  /bench/lead/prints                                                owner lead
POST /bench/lead/prints                                                owner lead
GET  /bench/lead/prints/<int:print_id>                                 owner lead
GET  /bench/lead/prints/<int:print_id>.pdf                             owner lead
POST /bench/lead/prints/<int:print_id>/again                           owner lead
POST /bench/lead/prints/<int:print_id>/came-out                        owner lead
GET  /bench/lead/prints/log                                            owner lead
GET  /bench/lead/rates                                                 owner lead
POST /bench/lead/rates                                                 owner lead
GET  /bench/lead/rates/<int:rate_id>/correct                           owner lead
POST /bench/lead/rates/<int:rate_id>/correct                           owner lead
GET  /bench/lead/samples                                               owner lead
GET  /bench/lead/samples/<int:check_id>                                owner lead
POST /bench/lead/samples/<int:check_id>                                owner lead
GET  /bench/lead/samples/<int:check_id>/photo                          owner lead
POST /bench/lead/samples/choose                                        owner lead
GET  /bench/lead/shifts                                                owner lead
GET  /bench/lead/shifts/<int:shift_id>                                 owner lead
POST /bench/lead/shifts/<int:shift_id>                                 owner lead
POST /bench/lead/shifts/<int:shift_id>/leave                           owner lead
GET  /bench/lead/shifts/of/<int:person_id>/new                         owner lead
POST /bench/lead/shifts/of/<int:person_id>/new                         owner lead
POST /bench/lead/tasks/<int:task_id>/settle                            owner lead
POST /bench/lead/tasks/<int:task_id>/take-back                         owner lead
POST /bench/lead/tasks/<int:task_id>/unpacked                          owner lead
GET  /bench/lead/terms                                                 owner lead
POST /bench/lead/terms                                                 owner
POST /bench/lead/terms/days                                            owner
POST /bench/lead/terms/minimum                                         owner
GET  /bench/lead/terms/people                                          owner lead
GET  /bench/lead/terms/people/<int:person_id>                          owner
POST /bench/lead/terms/people/<int:person_id>                          owner
POST /bench/lead/terms/people/<int:person_id>/forget                   owner
GET  /bench/lead/trainings                                             owner lead
POST /bench/lead/trainings                                             owner lead
POST /bench/lead/trainings/<int:training_id>/take-back                 owner lead
POST /bench/lead/trainings/topics                                      owner lead
GET  /bench/lead/wages                                                 owner lead
GET  /bench/lead/wages.csv                                             owner lead
GET  /bench/lead/wages/paper                                           owner lead
GET  /bench/lead/wages/people/<int:person_id>                          owner lead
GET  /bench/lead/waybills                                              owner lead
POST /bench/lead/waybills/<int:waybill_id>/again                       owner lead
POST /bench/lead/waybills/<int:waybill_id>/drop                        owner lead
POST /bench/lead/waybills/<int:waybill_id>/number                      owner lead
POST /bench/lead/waybills/ask                                          owner lead
POST /bench/lead/waybills/parcels/<number>/track                       owner lead
POST /bench/lead/waybills/print                                        owner lead
GET  /bench/lead/waybills/prints/<int:print_id>                        owner lead
GET  /bench/lead/waybills/prints/<int:print_id>.pdf                    owner lead
GET  /bench/lead/work                                                  owner lead
POST /bench/lead/work/<int:booking_id>/confirm                         owner lead
POST /bench/lead/work/<int:booking_id>/decline                         owner lead
POST /bench/lead/work/<int:booking_id>/undo                            owner lead
GET  /bench/lead/work/kinds                                            owner lead
POST /bench/lead/work/kinds                                            owner lead
POST /bench/lead/work/kinds/<int:kind_id>/end                          owner lead
POST /bench/lead/work/kinds/<int:kind_id>/offer                        owner lead
GET  /bench/lead/work/new                                              owner lead
POST /bench/lead/work/new                                              owner lead
POST /bench/notes/<int:note_id>/seen                                   packer
GET  /bench/offline                                                    everyone
GET  /bench/other-work                                                 packer
POST /bench/other-work                                                 packer
GET  /bench/passbook                                                   packer
GET  /bench/passbook/<int:entry_id>/ask                                packer
POST /bench/passbook/<int:entry_id>/ask                                packer
GET  /bench/passbook/ask                                               packer
POST /bench/passbook/ask                                               packer
GET  /bench/passbook/pay/<int:run_id>                                  packer
POST /bench/queue                                                      pass
POST /bench/scan                                                       packer
GET  /bench/sign-in                                                    everyone
POST /bench/sign-in                                                    everyone
GET  /bench/sign-in/<int:person_id>                                    everyone
POST /bench/sign-in/<int:person_id>                                    everyone
GET  /bench/slips/<number>                                             owner lead packer
GET  /bench/slips/<number>.pdf                                         owner lead packer
POST /bench/slips/<number>/print                                       owner lead packer
GET  /bench/slips/jobs/<int:job_id>                                    owner lead packer
GET  /bench/slips/jobs/<int:job_id>.pdf                                owner lead packer
POST /bench/slips/mine                                                 packer
GET  /bench/sw.js                                                      everyone
POST /bench/tasks/<int:task_id>/done                                   packer
POST /bench/tasks/<int:task_id>/put-back                               packer
POST /bench/tasks/<int:task_id>/take-again                             packer
POST /bench/tasks/<int:task_id>/undo                                   packer
GET  /bench/weigh                                                      owner weigher
GET  /bench/weigh/asking                                               owner lead weigher
GET  /bench/weigh/asking/<int:request_id>                              owner lead weigher
POST /bench/weigh/asking/<int:request_id>/approve                      owner lead
POST /bench/weigh/asking/<int:request_id>/refuse                       owner lead
POST /bench/weigh/asking/<int:request_id>/take-back                    owner lead weigher
GET  /bench/weigh/away/<int:contract_id>                               owner weigher
POST /bench/weigh/away/<int:contract_id>                               owner weigher
GET  /bench/weigh/away/visits/<int:turned_away_id>                     owner weigher
GET  /bench/weigh/calls                                                owner weigher
POST /bench/weigh/calls/<int:farmer_id>                                owner weigher
GET  /bench/weigh/farmers/<int:farmer_id>/quality                      owner weigher
GET  /bench/weigh/certificates                                         owner lead weigher
GET  /bench/weigh/certificates/<int:certificate_id>                    owner lead weigher
GET  /bench/weigh/certificates/<int:certificate_id>.pdf                owner lead weigher
POST /bench/weigh/certificates/<int:certificate_id>/print              owner lead weigher
GET  /bench/weigh/contracts                                            owner weigher
GET  /bench/weigh/contracts/<int:contract_id>                          owner weigher
GET  /bench/weigh/contracts/<int:contract_id>/amend                    owner
POST /bench/weigh/contracts/<int:contract_id>/amend                    owner
POST /bench/weigh/contracts/<int:contract_id>/end                      owner
POST /bench/weigh/contracts/<int:contract_id>/pages                    owner
GET  /bench/weigh/contracts/<int:contract_id>/pages/<int:page_id>      owner weigher
POST /bench/weigh/contracts/<int:contract_id>/pages/<int:page_id>/remove owner
GET  /bench/weigh/contracts/<int:contract_id>/paper                    owner weigher
POST /bench/weigh/contracts/<int:contract_id>/renew                    owner
GET  /bench/weigh/contracts/export.csv                                 owner weigher
GET  /bench/weigh/contracts/new                                        owner
POST /bench/weigh/contracts/new                                        owner
GET  /bench/weigh/deliveries                                           owner weigher
GET  /bench/weigh/deliveries/<int:delivery_id>                         owner weigher
POST /bench/weigh/deliveries/<int:delivery_id>/message                 owner weigher
GET  /bench/weigh/deliveries/<int:delivery_id>/slip                    owner weigher
POST /bench/weigh/deliveries/<int:delivery_id>/take-back               owner
GET  /bench/weigh/farmers                                              owner weigher
GET  /bench/weigh/farmers/<int:farmer_id>                              owner weigher
GET  /bench/weigh/farmers/<int:farmer_id>/edit                         owner weigher
POST /bench/weigh/farmers/<int:farmer_id>/edit                         owner weigher
GET  /bench/weigh/farmers/new                                          owner weigher
POST /bench/weigh/farmers/new                                          owner weigher
GET  /bench/weigh/grades                                               owner weigher
POST /bench/weigh/grades                                               owner
POST /bench/weigh/grades/<int:grade_id>/picture                        owner
GET  /bench/weigh/grades/<int:grade_id>/picture                        owner weigher
POST /bench/weigh/grades/<int:grade_id>/picture/drop                   owner
GET  /bench/weigh/grades/pictures                                      owner weigher
GET  /bench/weigh/help                                                 owner lead weigher
GET  /bench/weigh/in                                                   owner weigher
GET  /bench/weigh/in/<int:contract_id>                                 owner weigher
POST /bench/weigh/in/<int:contract_id>                                 owner weigher
POST /bench/weigh/in/<int:contract_id>/working                         owner weigher
GET  /bench/weigh/in/badges                                            owner weigher
GET  /bench/weigh/in/kept                                              owner weigher
GET  /bench/weigh/in/photos/<int:photo_id>                             owner lead weigher
POST /bench/weigh/in/queue                                             pass
POST /bench/weigh/in/queue/photos/<kind>/<int:place>                   pass
GET  /bench/weigh/in/sw.js                                             everyone
GET  /bench/weigh/labels                                               owner lead weigher
GET  /bench/weigh/labels/<int:print_id>                                owner lead weigher
GET  /bench/weigh/labels/<int:print_id>.pdf                            owner lead weigher
POST /bench/weigh/labels/<int:print_id>/again                          owner lead weigher
GET  /bench/weigh/lots                                                 owner lead weigher
GET  /bench/weigh/lots/<int:lot_id>                                    owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/baggings/<int:bagging_id>/back     owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/baggings/<int:bagging_id>/gone     owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/bags                               owner lead weigher
GET  /bench/weigh/lots/<int:lot_id>/certificate                        owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/certificate                        owner lead weigher
GET  /bench/weigh/lots/<int:lot_id>/do/<lot_deed>                      owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/do/<lot_deed>                      owner lead weigher
GET  /bench/weigh/lots/<int:lot_id>/labels                             owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/labels                             owner lead weigher
POST /bench/weigh/lots/<int:lot_id>/ratio                              owner
POST /bench/weigh/lots/<int:lot_id>/rest                               owner lead weigher
GET  /bench/weigh/lots/changes/<int:change_id>/photo                   owner lead weigher
GET  /bench/weigh/lots/export.<extension>                              owner lead weigher
GET  /bench/weigh/pay                                                  owner lead weigher
GET  /bench/weigh/pay/<int:farmer_id>                                  owner weigher
POST /bench/weigh/pay/<int:farmer_id>                                  owner weigher
GET  /bench/weigh/pay/<int:farmer_id>/account                          owner lead weigher
POST /bench/weigh/pay/<int:farmer_id>/account                          owner lead
GET  /bench/weigh/pay/<int:farmer_id>/account.<extension>              owner lead weigher
POST /bench/weigh/pay/<int:farmer_id>/account/<int:line_id>/undo       owner lead
GET  /bench/weigh/pay/<int:farmer_id>/facts                            owner lead
POST /bench/weigh/pay/<int:farmer_id>/facts                            owner lead
POST /bench/weigh/pay/<int:farmer_id>/facts/forget                     owner lead
GET  /bench/weigh/pay/<int:farmer_id>/statement                        owner lead weigher
GET  /bench/weigh/pay/<int:farmer_id>/statement/lines.<extension>      owner lead weigher
GET  /bench/weigh/pay/entries/<int:line_id>/photo.jpg                  owner lead weigher
GET  /bench/weigh/pay/invoices                                         owner lead weigher
POST /bench/weigh/pay/invoices/file                                    owner lead
GET  /bench/weigh/pay/owed.<extension>                                 owner lead weigher
POST /bench/weigh/pay/payables/<int:payable_id>/question               owner lead weigher
POST /bench/weigh/pay/questions/<int:question_id>/answer               owner lead
GET  /bench/weigh/pay/runs                                             owner lead weigher
GET  /bench/weigh/pay/runs/<int:settlement_run_id>                     owner lead weigher
POST /bench/weigh/pay/runs/<int:settlement_run_id>/all-paid            owner lead
POST /bench/weigh/pay/runs/<int:settlement_run_id>/bank                owner lead
GET  /bench/weigh/pay/runs/<int:settlement_run_id>/cash                owner lead weigher
POST /bench/weigh/pay/runs/<int:settlement_run_id>/close               owner lead
POST /bench/weigh/pay/runs/<int:settlement_run_id>/drop                owner lead
POST /bench/weigh/pay/runs/<int:settlement_run_id>/leave-out           owner lead
GET  /bench/weigh/pay/runs/<int:settlement_run_id>/lines.<extension>   owner lead weigher
POST /bench/weigh/pay/runs/<int:settlement_run_id>/set-off             owner lead
GET  /bench/weigh/pay/runs/new                                         owner lead
POST /bench/weigh/pay/runs/new                                         owner lead
GET  /bench/weigh/pay/settlements/<int:settlement_id>                  owner lead weigher
POST /bench/weigh/pay/settlements/<int:settlement_id>/back             owner lead
POST /bench/weigh/pay/settlements/<int:settlement_id>/hand-out         owner lead
GET  /bench/weigh/farmers/<int:farmer_id>/page                         owner weigher
POST /bench/weigh/farmers/<int:farmer_id>/page                         owner weigher
GET  /bench/weigh/farmers/<int:farmer_id>/page/card                    owner weigher
POST /bench/weigh/farmers/<int:farmer_id>/page/revoke                  owner weigher
GET  /bench/weigh/farmers/streams                                      owner
POST /bench/weigh/farmers/streams                                      owner
POST /bench/weigh/farmers/streams/<int:stream_id>/take                 owner
GET  /bench/weigh/quotes                                               owner weigher
GET  /bench/weigh/quotes/<int:quote_id>/photo.jpg                      owner weigher
GET  /bench/weigh/quotes/corrections                                   owner weigher
POST /bench/weigh/quotes/corrections/<int:delivery_id>                 owner
GET  /bench/weigh/quotes/prices.csv                                    owner weigher
GET  /bench/weigh/quotes/fetch                                         owner weigher
POST /bench/weigh/quotes/fetch                                         owner weigher
GET  /bench/weigh/quotes/file                                          owner weigher
POST /bench/weigh/quotes/file                                          owner weigher
GET  /bench/weigh/quotes/held                                          owner weigher
POST /bench/weigh/quotes/held/<int:quote_id>/accept                    owner weigher
POST /bench/weigh/quotes/held/<int:quote_id>/refuse                    owner weigher
POST /bench/weigh/quotes/held/names                                    owner weigher
POST /bench/weigh/quotes/held/names/rest                               owner weigher
GET  /bench/weigh/quotes/template.csv                                  owner weigher
GET  /bench/weigh/quotes/type                                          owner weigher
POST /bench/weigh/quotes/type                                          owner weigher
GET  /bench/weigh/trace                                                owner lead weigher
GET  /bench/weigh/trace/boxes/<number>                                 owner lead weigher
POST /bench/weigh/trace/boxes/<number>/bags                            owner lead
POST /bench/weigh/trace/boxes/<number>/free                            owner lead
GET  /bench/weigh/trace/lots/<number>                                  owner lead weigher
GET  /bench/weigh/trace/lots/<number>/buyers.<any(csv,xlsx):extension> owner lead
POST /bench/weigh/trace/lots/<number>/free                             owner lead
GET  /bench/weigh/trace/lots/<number>/paper                            owner lead weigher
POST /bench/weigh/trace/lots/<number>/stop                             owner lead weigher
POST /bench/work                                                       packer
GET  /bench/wrong                                                      staff
GET  /bench/wrong/<reason>                                             packer
POST /bench/wrong/<reason>                                             packer
GET  /console                                                          owner streamer
GET  /console/audit                                                    owner
GET  /console/audit/audit.csv                                          owner
GET  /console/board                                                    owner streamer
GET  /console/board/<int:stream_id>                                    owner streamer
GET  /console/board/<int:stream_id>/events                             owner streamer
GET  /console/board/<int:stream_id>/parts                              owner streamer
GET  /console/complaints                                               owner streamer
GET  /console/complaints/<int:complaint_id>                            owner streamer
POST /console/complaints/<int:complaint_id>/grant                      owner streamer
GET  /console/complaints/<int:complaint_id>/photos/<int:place>         owner streamer
POST /console/complaints/<int:complaint_id>/refuse                     owner streamer
GET  /console/imports                                                  owner streamer lead
POST /console/imports                                                  owner streamer lead
GET  /console/imports/<int:import_id>                                  owner streamer lead
POST /console/imports/<int:import_id>/confirm                          owner streamer lead
POST /console/imports/<int:import_id>/leave                            owner streamer lead
GET  /console/imports/orders/<int:order_id>                            owner streamer lead
POST /console/imports/orders/<int:order_id>/approve                    owner streamer lead
POST /console/imports/orders/<int:order_id>/receiver                   owner streamer lead
POST /console/imports/orders/<int:order_id>/seen                       owner streamer lead
POST /console/imports/try-again                                        owner streamer lead
POST /console/notes/<int:note_id>/close                                owner streamer
GET  /console/orders                                                   owner streamer
GET  /console/orders/<number>                                          owner streamer
POST /console/orders/<number>/buyer                                    owner streamer
POST /console/orders/<number>/cancel                                   owner streamer
POST /console/orders/<number>/refund                                   owner streamer
GET  /console/orders/orders.csv                                        owner streamer
GET  /console/people                                                   owner
GET  /console/people/<int:person_id>                                   owner
POST /console/people/<int:person_id>                                   owner
POST /console/people/<int:person_id>/badge                             owner
POST /console/people/<int:person_id>/deactivate                        owner
POST /console/people/<int:person_id>/password                          owner
POST /console/people/<int:person_id>/pin                               owner
POST /console/people/<int:person_id>/reactivate                        owner
POST /console/people/<int:person_id>/sign-out                          owner
POST /console/people/<int:person_id>/work                              owner
GET  /console/people/new                                               owner
POST /console/people/new                                               owner
GET  /console/people/people.csv                                        owner
GET  /console/planning                                                 owner streamer
GET  /console/planning/past                                            owner streamer
POST /console/planning/past                                            owner streamer
POST /console/planning/past/<int:product_id>/forget                    owner streamer
GET  /console/planning/past/past-sales.csv                             owner streamer
GET  /console/planning/past/template.csv                               owner streamer
GET  /console/planning/planning.csv                                    owner streamer
POST /console/planning/renew                                           owner streamer
GET  /console/products                                                 owner streamer
GET  /console/products/<int:product_id>                                owner streamer
POST /console/products/<int:product_id>                                owner streamer
GET  /console/products/<int:product_id>/variants/new                   owner streamer
POST /console/products/<int:product_id>/variants/new                   owner streamer
GET  /console/products/new                                             owner streamer
POST /console/products/new                                             owner streamer
GET  /console/products/products.csv                                    owner streamer
GET  /console/products/variants/<int:variant_id>                       owner streamer
POST /console/products/variants/<int:variant_id>                       owner streamer
GET  /console/stock                                                    owner streamer
GET  /console/stock/<int:variant_id>                                   owner streamer
POST /console/stock/<int:variant_id>/adjust                            owner streamer
GET  /console/stock/<int:variant_id>/ledger.csv                        owner streamer
POST /console/stock/<int:variant_id>/receive                           owner streamer
GET  /console/stock/count                                              owner streamer
POST /console/stock/count                                              owner streamer
GET  /console/stock/stock.csv                                          owner streamer
GET  /console/postage                                                   owner
POST /console/postage                                                   owner
POST /console/postage/zone                                              owner
GET  /console/streams                                                  owner streamer
GET  /console/streams/streams.csv                                       owner streamer
GET  /console/streams/audience                                          owner streamer
POST /console/searches/<name>                                           owner streamer
POST /console/searches/<name>/<int:view_id>/let-go                      owner streamer
POST /console/streams/audience                                          owner streamer
GET  /console/streams/audience/audience.csv                             owner streamer
GET  /console/streams/<int:stream_id>/report                            owner streamer
GET  /console/streams/<int:stream_id>/report.pdf                        owner streamer
GET  /console/streams/<int:stream_id>/report.png                        owner streamer
GET  /console/streams/<int:stream_id>/report.xlsx                       owner streamer
POST /console/streams/<int:stream_id>/message                           owner streamer
POST /console/streams/<int:stream_id>/rehearse                          owner streamer
POST /console/streams/<int:stream_id>/audience                          owner streamer
GET  /console/invoices                                                  owner streamer
GET  /console/invoices/<int:invoice_id>                                 owner streamer
POST /console/invoices/<int:invoice_id>/decline                         owner streamer
POST /console/invoices/<int:invoice_id>/issue                           owner streamer
GET  /console/invoices/asked.csv                                        owner streamer
GET  /console/insights                                                  owner streamer
GET  /console/insights/<name>.csv                                       owner streamer
GET  /console/insights/buyers                                           owner streamer
GET  /console/insights/buyers.csv                                       owner streamer
POST /console/insights/buyers/message                                   owner streamer
POST /console/insights/renew                                            owner streamer
GET  /console/notices                                                   owner
GET  /console/notices/notices.csv                                       owner
GET  /console/settings                                                  owner
GET  /console/wall                                                      owner streamer
POST /console/wall                                                      owner streamer
POST /console/wall/take-back                                            owner streamer
GET  /console/workshop                                                  owner
POST /console/workshop                                                  owner
GET  /console/prosperity                                                owner
GET  /console/prosperity/report.json                                    owner
GET  /console/prosperity/report.pdf                                     owner
GET  /console/prosperity/report.xlsx                                    owner
POST /console/prosperity/fund                                           owner
POST /console/prosperity/fund/<int:line_id>/take-back                   owner
POST /console/people/<int:person_id>/household                          owner
GET  /console/reviews                                                   owner streamer
GET  /console/reviews/<int:review_id>                                   owner streamer
POST /console/reviews/<int:review_id>/hide                              owner streamer
POST /console/reviews/<int:review_id>/show                              owner streamer
GET  /console/vouchers                                                  owner streamer
GET  /console/vouchers/vouchers.csv                                     owner streamer
POST /console/vouchers                                                  owner streamer
POST /console/vouchers/<int:voucher_id>/stop                            owner streamer
GET  /console/streams/<int:stream_id>                                  owner streamer
GET  /console/streams/<int:stream_id>/control                          owner streamer
GET  /console/streams/<int:stream_id>/offers/<int:offer_id>/flash        owner streamer
POST /console/streams/<int:stream_id>/offers/<int:offer_id>/flash        owner streamer
POST /console/streams/<int:stream_id>/offers/<int:offer_id>/flash/stop   owner streamer
POST /console/streams/<int:stream_id>/copy                             owner streamer
GET  /console/streams/<int:stream_id>/edit                             owner streamer
POST /console/streams/<int:stream_id>/edit                             owner streamer
POST /console/streams/<int:stream_id>/end                              owner streamer
POST /console/streams/<int:stream_id>/offers                           owner streamer
GET  /console/streams/<int:stream_id>/offers/<int:offer_id>            owner streamer
POST /console/streams/<int:stream_id>/offers/<int:offer_id>            owner streamer
POST /console/streams/<int:stream_id>/offers/<int:offer_id>/place      owner streamer
POST /console/streams/<int:stream_id>/offers/<int:offer_id>/remove     owner streamer
POST /console/streams/<int:stream_id>/offers/<int:offer_id>/terms      owner streamer
GET  /console/streams/<int:stream_id>/offers/new                       owner streamer
POST /console/streams/<int:stream_id>/on-air                           owner streamer
POST /console/streams/<int:stream_id>/start                            owner streamer
POST /console/streams/<int:stream_id>/undo                             owner streamer
GET  /console/streams/new                                              owner streamer
POST /console/streams/new                                              owner streamer
GET  /healthz                                                          everyone
GET  /live                                                             everyone
GET  /live/<int:stream_id>                                             everyone
GET  /live/<int:stream_id>/buy                                         everyone
GET  /live/<int:stream_id>/claim                                       everyone
GET  /live/<int:stream_id>/offers/<int:offer_id>                       everyone
GET  /live/<int:stream_id>/offers/<int:offer_id>/card.png              everyone
GET  /live/<int:stream_id>/offers/<int:offer_id>/poster.png            everyone
GET  /live/<int:stream_id>/offers/<int:offer_id>/qr.png                everyone
GET  /live/<int:stream_id>/orders                                      everyone
POST /live/<int:stream_id>/address                                     everyone
POST /live/<int:stream_id>/orders                                      everyone
POST /live/<int:stream_id>/waits                                       everyone
GET  /manifest.webmanifest                                             everyone
GET  /metrics                                                          everyone
GET  /offline                                                          everyone
GET  /orders                                                           everyone
GET  /grower                                                           farmer-link
GET  /grower/deliveries/<int:delivery_id>                              farmer-link
GET  /grower/in/<int:link_id>                                          farmer-link
POST /grower/leave                                                     farmer-link
GET  /grower/my-data.json                                              farmer-link
POST /grower/shown                                                     farmer-link
GET  /grower/statement                                                 farmer-link
GET  /live/<int:stream_id>/calendar.ics                                 everyone
GET  /live/earlier                                                      everyone
GET  /live/<int:stream_id>/voucher                                      everyone
GET  /live/<int:stream_id>/address                                      everyone
POST /live/<int:stream_id>/voucher                                      everyone
GET  /orders/<number>/again                                             order-key
GET  /orders/<number>                                                  order-key
POST /orders/<number>/cancel                                           order-key
GET  /orders/<number>/complain                                         order-key
POST /orders/<number>/complain                                         order-key
GET  /orders/<number>/complaints/<int:complaint_id>/photos/<int:place> own-part
POST /orders/<number>/complaints/<int:complaint_id>/withdraw           own-part
GET  /orders/<number>/invoice                                           order-key
POST /orders/<number>/invoice                                           order-key
POST /orders/<number>/invoice/withdraw                                  order-key
GET  /orders/<number>/pay                                              order-key
POST /orders/<number>/pay                                              order-key
GET  /orders/<number>/reviews/<int:product_id>                         own-part
POST /orders/<number>/news                                              order-key
POST /orders/<number>/reviews/<int:product_id>                         own-part
POST /orders/<number>/reviews/<int:product_id>/delete                  own-part
GET  /orders/<number>/state                                            order-key
POST /orders/erase                                                     everyone
GET  /orders/my-data.json                                              everyone
GET  /orders/find                                                      everyone
POST /orders/find                                                      everyone
POST /orders/find/code                                                 everyone
POST /orders/forget                                                    everyone
GET  /products/<slug>                                                  everyone
GET  /products/<slug>/card.png                                         everyone
GET  /products/<slug>/poster.png                                       everyone
GET  /products/<slug>/qr.png                                           everyone
GET  /readyz                                                           everyone
GET  /robots.txt                                                       everyone
GET  /postage                                                           everyone
GET  /search                                                           everyone
GET  /shop-worker.js                                                   everyone
GET  /sign-in                                                          everyone
POST /sign-in                                                          everyone
POST /sign-out                                                         everyone
GET  /sitemap.xml                                                      everyone
GET  /static/<path:filename>                                           everyone
GET  /trace/<number>                                                   everyone
GET  /wall                                                             wall-link
GET  /wall/events                                                      wall-link
GET  /wall/in/<int:link_id>                                            wall-link
GET  /wall/parts                                                       wall-link
GET  /waits/<number>                                                   own-part
POST /waits/<number>/leave                                             own-part
GET  /waits/<number>/state                                             own-part
POST /webhooks/stripe                                                  everyone
"""

EVERYONE, ORDER_KEY, PART_KEY, FARMER_LINK, BEGIN_KEY, WALL_LINK, PASS, STAFF = (
    "everyone",
    "order-key",
    "own-part",
    "farmer-link",
    "begin-key",
    "wall-link",
    "pass",
    "staff",
)
# Programs identify themselves otherwise: an Idempotency-Key and JSON, a pass in a header, a signature.
WITHOUT_FORM_TOKEN = {
    "POST /api/v1/streams/<int:stream_id>/orders",
    "POST /bench/queue",
    "POST /webhooks/stripe",
    *(f"POST /bench/weigh/in/queue{rest}" for rest in ("", "/photos/<kind>/<int:place>")),
}


def read_matrix() -> dict[str, frozenset[str]]:
    """Who may, by method and rule."""
    lines = [line.split() for line in MATRIX.strip().splitlines()]
    return {f"{method} {rule}": frozenset(ROLES if who == [STAFF] else who) for method, rule, *who in lines}


WHO_MAY = read_matrix()


@pytest.fixture(scope="module")
def house(evening: Database, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on it."""
    folder = tmp_path_factory.mktemp("var")
    settings = load_settings({"GONGFANG_MODE": "test", "DATABASE_URL": evening.url, "VAR_DIR": str(folder)})
    app = create_app(settings, evening)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return app


def is_turned_away(browser: FlaskClient, method: str, path: str) -> bool:
    """Whether the door stays shut: sent to sign in, or told that it is not one's role."""
    answer = browser.open(path, method=method)
    answer.close()
    assert answer.status_code < 500 or path == "/readyz", path
    to_sign_in = answer.status_code == 302 and "sign-in?next=" in (answer.location or "")
    return answer.status_code in (401, 403) or to_sign_in


def unlisted(app: Flask) -> list[str]:
    """A line to add for each route that the matrix does not have."""
    lines = []
    for route in ways.routes(app):
        if route.name not in WHO_MAY:
            who = getattr(app.view_functions[route.rule.endpoint], "roles", ["everyone, or a guard is missing"])
            lines.append(f"{route.method:4} {route.rule.rule:65} {' '.join(who)}")
    return lines


def test_every_route_is_listed_and_every_line_has_its_route(house: Flask) -> None:
    assert not unlisted(house), "add to MATRIX:\n" + "\n".join(unlisted(house))
    there = {route.name for route in ways.routes(house)}
    assert not set(WHO_MAY) - there, "no such route any more"
    assert len(there) > 150


def test_a_route_that_nobody_listed_would_be_noticed(house: Flask, evening: Database) -> None:
    app = create_app(house.extensions["settings"], evening)
    app.add_url_rule("/new/door", view_func=lambda: "", endpoint="new_door", methods=["GET", "POST"])
    assert [line.split()[:2] for line in unlisted(app)] == [["GET", "/new/door"], ["POST", "/new/door"]]


def test_the_words_of_the_matrix_are_known() -> None:
    for name, who in WHO_MAY.items():
        by_key = ({ORDER_KEY}, {PART_KEY}, {FARMER_LINK}, {BEGIN_KEY}, {WALL_LINK}, {PASS})
        assert who in ({EVERYONE}, *by_key) or (who and who <= set(ROLES)), name
    open_to_all = [name.split()[1] for name, who in WHO_MAY.items() if who == {EVERYONE}]
    # The shop is for everybody; where people work, only signing in and what a device keeps is.
    assert sum(path.startswith(("/bench", "/console", "/grower")) for path in open_to_all) < 10
    assert len(open_to_all) < 60


def test_a_view_says_the_same_as_the_matrix(house: Flask) -> None:
    for route in ways.routes(house):
        roles = getattr(house.view_functions[route.rule.endpoint], "roles", None)
        if roles is not None:
            assert WHO_MAY[route.name] == frozenset(roles), route.name


def staff_routes(app: Flask) -> list[Route]:
    return [route for route in ways.routes(app) if WHO_MAY[route.name] <= set(ROLES)]


def test_without_signing_in_only_what_is_everyones_opens(house: Flask, evening: Database) -> None:
    real = ways.real_values(evening)
    for route in ways.routes(house):
        shut = is_turned_away(house.test_client(), route.method, ways.address(house, route, real))
        # A wrong badge is answered 401 by the sign-in page itself.
        if route.name not in ("POST /bench/sign-in", "POST /sign-in", "POST /bench/sign-in/<int:person_id>"):
            assert shut == (WHO_MAY[route.name] <= {*ROLES, PASS}), route.name


@pytest.mark.parametrize("role", [OWNER, STREAMER, LEAD, WEIGHER, PACKER])
def test_a_role_opens_its_own_doors_and_no_other(house: Flask, evening: Database, role: str) -> None:
    # Unknown things, so that nothing is really done; the door comes first.
    person = ways.person_with(evening, role)
    opened = 0
    for route in staff_routes(house):
        browser = ways.sign_in(house, evening, person)
        shut = is_turned_away(browser, route.method, ways.address(house, route, {}))
        assert shut == (role not in WHO_MAY[route.name]), (role, route.name)
        opened += not shut
    assert opened >= 8


def test_somebody_without_any_role_opens_nothing(house: Flask, evening: Database) -> None:
    browser = ways.sign_in(house, evening, ways.person_with(evening))
    for route in staff_routes(house):
        assert is_turned_away(browser, route.method, ways.address(house, route, {})), route.name


def test_a_role_taken_away_bites_at_the_next_request(house: Flask, evening: Database) -> None:
    person = ways.person_with(evening, LEAD, STREAMER)
    browser = ways.sign_in(house, evening, person)
    assert browser.get("/bench/lead").status_code == 200
    with evening.transaction() as session:
        people.set_roles(session, session.get_one(Person, person), [STREAMER], now=utc_now(), by=SYSTEM)
    assert browser.get("/bench/lead").status_code == 403
    assert browser.get("/console").status_code == 200
    with evening.transaction() as session:
        people.deactivate(session, session.get_one(Person, person), now=utc_now(), by=SYSTEM)
    assert is_turned_away(browser, "GET", "/console")


def test_signing_in_gives_a_new_session_and_signing_out_ends_it(house: Flask, evening: Database) -> None:
    browser = ways.sign_in(house, evening, ways.person_with(evening, OWNER))
    stolen = browser.get_cookie("gongfang")
    assert stolen is not None
    assert browser.get("/console").status_code == 200
    browser.post("/sign-out")
    thief = house.test_client()
    thief.set_cookie("gongfang", stolen.value)
    assert is_turned_away(thief, "GET", "/console")


# Orders: by the key of that very order.


def orders(evening: Database) -> list[str]:
    with evening.transaction() as session:
        return list(
            session.scalars(text("SELECT number FROM orders WHERE state = 'held' OR state = 'paid' ORDER BY number"))
        )


def order_routes(app: Flask) -> list[Route]:
    return [route for route in ways.routes(app) if WHO_MAY[route.name] == {ORDER_KEY}]


def key_of(app: Flask, number: str) -> str:
    return link_key(app.secret_key, "order", number)  # type: ignore[arg-type]


def open_order(browser: FlaskClient, app: Flask, route: Route, number: str, key: str | None) -> int:
    """The status of an order's route for somebody who shows a key (in the header and the address), or none."""
    path = app.url_map.bind("localhost").build(route.rule.endpoint, {"number": number}, method=route.method)
    if key is None:
        return browser.open(path, method=route.method).status_code
    answer = browser.open(
        path, method=route.method, headers={"Authorization": f"Bearer {key}"}, query_string={"key": key}
    )
    return answer.status_code


def test_an_order_opens_with_its_key_and_with_nothing_else(house: Flask, evening: Database) -> None:
    mine, other = orders(evening)[:2]
    assert len(order_routes(house)) >= 6
    for route in order_routes(house):
        for key in (None, "", "wrong", key_of(house, other), key_of(house, mine)[:-1], key_of(house, mine) + "A"):
            status = open_order(house.test_client(), house, route, mine, key)
            assert status == 404 or (status == 302 and route.name == "GET /orders/<number>/pay"), (route.name, key)
        buyer = house.test_client()
        buyer.get(f"/orders/{mine}", query_string={"key": key_of(house, mine)})
        if route.method == "GET":
            assert open_order(buyer, house, route, mine, key_of(house, mine)) in (200, 302, 303), route.name
            with_cookie = open_order(buyer, house, route, other, None)
            assert with_cookie in (404, 302), route.name


def test_the_key_leaves_the_address_and_never_the_site(house: Flask, evening: Database) -> None:
    number = orders(evening)[0]
    buyer = house.test_client()
    first = buyer.get(f"/orders/{number}", query_string={"key": key_of(house, number)})
    assert (first.status_code, first.headers["Location"]) == (303, f"/orders/{number}")
    page = buyer.get(f"/orders/{number}")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_staff_need_the_key_of_an_order_too(house: Flask, evening: Database) -> None:
    number = orders(evening)[0]
    owner = ways.sign_in(house, evening, ways.person_with(evening, *ROLES))
    assert owner.get(f"/orders/{number}").status_code == 404


# Things of another packer.


def taken_work(session: Session) -> Row[Any]:
    """A task on somebody's bench, its packer and its parcel; the tests before this one may have put all of them back."""
    on_a_bench = text(
        "SELECT t.id, t.packer_id, p.number FROM packing_tasks t JOIN parcels p ON p.id = t.parcel_id "
        "WHERE t.state = 'taken' ORDER BY t.id LIMIT 1"
    )
    found = session.execute(on_a_bench).one_or_none()
    if found:
        return found
    packer = session.scalars(select(Packer).join(Person).where(Person.active).order_by(Packer.person_id)).all()[0]
    hand_out.take_work(session, packer.person_id, now=utc_now(), zone=ZONE, by=SYSTEM)
    return session.execute(on_a_bench).one()


def test_another_packers_work_is_not_found(house: Flask, evening: Database) -> None:
    with evening.transaction() as session:
        task, packer, parcel = taken_work(session)
        other = session.execute(
            text("SELECT max(person_id) FROM packers WHERE person_id <> :mine"), {"mine": packer}
        ).scalar_one()
    stranger, owner_of_it = (ways.sign_in(house, evening, person) for person in (other, packer))
    for action in ("done", "undo", "put-back"):
        assert stranger.post(f"/bench/tasks/{task}/{action}").status_code == 404, action
    assert stranger.get(f"/bench/slips/{parcel}").status_code == 404
    assert stranger.get(f"/bench/slips/{parcel}.pdf").status_code == 404
    assert owner_of_it.get(f"/bench/slips/{parcel}").status_code == 200


# Forms.


@pytest.fixture(scope="module")
def strict(house: Flask, evening: Database) -> Flask:
    """The application as it runs, with the protection of forms."""
    app = create_app(house.extensions["settings"], evening)
    app.config["TESTING"] = True
    return app


def test_no_form_is_taken_without_its_token(strict: Flask, evening: Database) -> None:
    person = ways.person_with(evening, *ROLES)
    real, tried = ways.real_values(evening), 0
    for route in ways.routes(strict):
        if route.method == "GET":
            continue
        browser = ways.sign_in(strict, evening, person)
        answer = browser.open(
            ways.address(strict, route, real), method=route.method, headers={"Accept": "application/json"}
        )
        is_stale = answer.status_code == 400 and answer.get_json()["code"] == "stale_form"
        assert is_stale == (route.name not in WITHOUT_FORM_TOKEN), (route.name, answer.status_code)
        tried += 1
    assert tried > 60


def test_with_its_token_a_form_is_taken_and_another_sessions_token_is_none(strict: Flask) -> None:
    def token(browser: FlaskClient) -> str:
        found = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/sign-in").get_data(as_text=True))
        assert found
        return found[1]

    mine, other = strict.test_client(), strict.test_client()
    sent = {"login": "owner", "password": "wrong-password"}
    assert mine.post("/sign-in", data={**sent, "csrf_token": token(mine)}).status_code == 401
    assert mine.post("/sign-in", data={**sent, "csrf_token": token(other)}).status_code == 400
    assert mine.post("/sign-in", data={**sent, "csrf_token": "x"}).status_code == 400
