// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Portfolio: the ledger of one strategy on one universe
/// @notice Takes target weights that the strategist signed (EIP-712), together with the net asset value that the attestor
/// signed, and keeps them within limits. The relayer that submits them has no other power. Holds no assets.
/// @dev Weights are uint16 basis points, packed 16 to a word, lane i in bits [16i, 16i + 16). The last one is cash, and all
/// sum to 10,000. What never changes (strategy, universe, symbols, groups) lies in the clone's code, not in storage:
///   bytes 0-31 strategy | 32-63 universe | 64-65 number of assets n (cash not counted) | 66-67 number of groups |
///   n group numbers of one byte | n symbols of 32 bytes
contract Portfolio is EIP712, Initializable {
    /// @notice What bounds an order. Basis points; per-day figures grow with the days between two price dates. A larger figure is
    /// looser, but for `resetAfterDays`.
    struct Limits {
        /// Cap on one asset.
        uint16 maxWeightBps;
        /// Cap on the sum of assets.
        uint16 maxGrossBps;
        /// Cap on what an order may buy: the sum of increases. Sales that only raise cash are never bounded: they lower risk.
        /// The first order is free of it: it brings in a book that was held before.
        uint16 maxTurnoverBps;
        /// Added to the turnover cap for each day since the last prices: weights drift between two orders.
        uint16 driftBpsPerDay;
        /// How far a position, a group or the sum of assets above its cap may stand over its last weight (or over the cap): a drifted
        /// position that cannot be traded.
        uint16 passiveBandBps;
        /// Below the high-water mark by more than this, only orders that lower the sum of assets are taken.
        uint16 maxDrawdownBps;
        /// Bound on the attested change of the net asset value, for each day since the last prices.
        uint16 maxNavChangeBpsPerDay;
        /// Days without a new high after which the high-water mark restarts at the present value; 0: never. Fewer days are looser,
        /// and never is the tightest.
        uint16 resetAfterDays;
    }

    struct Roles {
        address strategist;
        address relayer;
        address attestor;
        address approver;
        address guardian;
        address admin;
    }

    enum Role {
        Strategist,
        Relayer,
        Attestor,
        Approver,
        Guardian
    }

    /// @notice The strategist's order. `epoch` and `previousStateHash` name the state that it replaces.
    struct RebalanceOrder {
        bytes32 strategy;
        uint32 epoch;
        bytes32 previousStateHash;
        uint256[] weights;
        bytes32 modelHash;
        bytes32 decisionHash;
        bytes32 datasetHash;
        uint32 pricesEpoch;
        uint64 deadline;
    }

    struct Book {
        uint80 navE18;
        uint80 highWaterMarkE18;
        uint32 epoch;
        uint32 pricesEpoch;
        /// Prices date of the high-water mark.
        uint32 highSince;
    }

    struct State {
        uint32 epoch;
        uint32 pricesEpoch;
        bool paused;
        bytes32 stateHash;
        uint80 navE18;
        uint80 highWaterMarkE18;
        uint256[] weights;
    }

    /// @dev The head of the clone's code.
    struct Fixed {
        bytes32 strategy;
        bytes32 universe;
        uint256 assets;
        uint256 groupCount;
        bytes groups;
    }

    bytes32 public constant ORDER_TYPEHASH = keccak256(
        "RebalanceOrder(bytes32 strategy,uint32 epoch,bytes32 previousStateHash,uint256[] weights,bytes32 modelHash,bytes32 decisionHash,bytes32 datasetHash,uint32 pricesEpoch,uint64 deadline)"
    );
    bytes32 public constant ATTESTATION_TYPEHASH =
        keccak256("NavAttestation(bytes32 strategy,uint32 epoch,uint32 pricesEpoch,uint80 navE18)");

    /// @notice Looser limits wait this long, so that whoever watches the ledger sees them before an order can use them.
    uint256 public constant LOOSENING_DELAY = 24 hours;

    uint256 private constant BPS = 10_000;
    /// @dev Where the arguments of a clone begin in its code (EIP-1167 with arguments).
    uint256 private constant ARGS_AT = 0x2d;
    uint256 private constant GROUPS_AT = 68;

    address private _relayer;
    bool private _paused;
    address private _strategist;
    address private _attestor;
    address private _approver;
    address private _guardian;
    address private _admin;
    address private _pendingAdmin;
    Limits private _limits;
    Book private _book;
    bytes32 private _stateHash;
    mapping(uint256 word => uint256 lanes) private _weights;
    mapping(uint256 word => uint256 lanes) private _groupCaps;
    mapping(bytes32 modelHash => bool) private _approved;
    /// @dev Looser limits that wait. An order never reads them.
    Limits private _pendingLimits;
    uint64 private _pendingDueAt;
    mapping(uint256 word => uint256 lanes) private _pendingGroupCaps;

    event Rebalanced(
        uint32 indexed epoch,
        bytes32 indexed decisionHash,
        bytes32 indexed modelHash,
        bytes32 datasetHash,
        bytes32 previousStateHash,
        bytes32 stateHash,
        uint32 pricesEpoch,
        uint80 navE18,
        uint80 highWaterMarkE18,
        uint256[] weights
    );
    event ModelApproved(bytes32 indexed modelHash);
    event ModelRevoked(bytes32 indexed modelHash);
    /// @dev The limits now in force. What was pending is no longer, unless LimitsProposed follows.
    event LimitsSet(Limits limits, uint16[] groupCapsBps);
    event LimitsProposed(Limits limits, uint16[] groupCapsBps, uint64 dueAt);
    event LimitsCancelled(address account);
    event RoleSet(Role indexed role, address account);
    event AdminProposed(address indexed account);
    event AdminSet(address indexed account);
    event Paused(address account);
    event Unpaused(address account);

    error NotPermitted(address caller, address needed);
    error ContractPaused();
    error ZeroAddress();
    error InvalidLimit(uint256 valueBps);
    error WrongGroupCount(uint256 given, uint256 needed);
    error NoPendingLimits();
    error LimitsNotDue(uint256 dueAt, uint256 blockTime);
    error WrongStrategy(bytes32 given, bytes32 needed);
    error WrongEpoch(uint256 given, uint256 needed);
    error WrongState(bytes32 given, bytes32 needed);
    error DeadlinePassed(uint256 deadline, uint256 blockTime);
    error StalePrices(uint256 given, uint256 last);
    error UnapprovedModel(bytes32 modelHash);
    error InvalidOrderSignature(address recovered, address strategist);
    error InvalidAttestation(address recovered, address attestor);
    error NavOutOfBounds(uint256 navE18, uint256 lastE18, uint256 maxChangeBps);
    error WrongWeightCount(uint256 words, uint256 needed);
    error WeightsBeyondAssets(uint256 lanes);
    error WeightsDoNotSum(uint256 sumBps);
    error AssetCapExceeded(uint256 asset, uint256 weightBps, uint256 capBps);
    error GroupCapExceeded(uint256 group, uint256 weightBps, uint256 capBps);
    error GrossCapExceeded(uint256 grossBps, uint256 capBps);
    error TurnoverExceeded(uint256 boughtBps, uint256 capBps);
    error DrawdownLimit(uint256 drawdownBps, uint256 grossBps, uint256 lastGrossBps);
    error UnknownAsset(bytes32 symbol);

    constructor() EIP712("Portfolio", "1") {
        _disableInitializers();
    }

    /// @notice Called once, by the factory, in the transaction that makes the clone: all cash, value 1, epoch 0.
    function initialize(Roles calldata roles_, Limits calldata limits_, uint16[] calldata groupCapsBps_)
        external
        initializer
    {
        if (roles_.admin == address(0)) revert ZeroAddress();
        _admin = roles_.admin;
        emit AdminSet(roles_.admin);
        _setRole(Role.Strategist, roles_.strategist);
        _setRole(Role.Relayer, roles_.relayer);
        _setRole(Role.Attestor, roles_.attestor);
        _setRole(Role.Approver, roles_.approver);
        _setRole(Role.Guardian, roles_.guardian);
        _checkLimits(limits_, groupCapsBps_);
        _setLimits(limits_, groupCapsBps_);
        Fixed memory fixed_ = _fixed();
        _weights[fixed_.assets >> 4] = BPS << ((fixed_.assets & 15) << 4);
        _book = Book({navE18: 1e18, highWaterMarkE18: 1e18, epoch: 0, pricesEpoch: 0, highSince: 0});
        _stateHash =
            keccak256(abi.encode("Portfolio genesis", block.chainid, address(this), fixed_.strategy, fixed_.universe));
    }

    /// @notice Replace the weights. Callable by the relayer alone; every check is on what strategist and attestor signed.
    /// @param attestedNavE18 Net asset value after marking at `order.pricesEpoch`, before the order is filled; 1e18 = 1.
    /// @param attestation The attestor's signature over NavAttestation(strategy, epoch, pricesEpoch, navE18).
    function rebalance(
        RebalanceOrder calldata order,
        bytes calldata orderSignature,
        uint80 attestedNavE18,
        bytes calldata attestation
    ) external {
        if (msg.sender != _relayer) revert NotPermitted(msg.sender, _relayer);
        if (_paused) revert ContractPaused();
        Fixed memory fixed_ = _fixed();
        Book memory book = _book;
        bytes32 previous = _stateHash;
        _checkOrder(order, fixed_.strategy, book, previous);
        bytes32 weightsHash = keccak256(abi.encodePacked(order.weights));
        _checkSignatures(order, weightsHash, orderSignature, attestedNavE18, attestation);

        Limits memory limits_ = _limits;
        uint256 elapsedDays = order.pricesEpoch - book.pricesEpoch;
        // The first order brings in a book that was held before; from the second on, purchases are bounded.
        uint256 turnoverCap = book.epoch == 0 ? BPS : limits_.maxTurnoverBps + limits_.driftBpsPerDay * elapsedDays;
        uint256 drawdownBps = _mark(book, limits_, attestedNavE18, order.pricesEpoch);
        book.epoch = order.epoch;
        _place(order.weights, fixed_, limits_, turnoverCap, drawdownBps);

        bytes32 next = keccak256(
            abi.encode(
                previous,
                order.epoch,
                order.pricesEpoch,
                weightsHash,
                order.modelHash,
                order.decisionHash,
                order.datasetHash,
                book.navE18,
                book.highWaterMarkE18
            )
        );
        _book = book;
        _stateHash = next;
        emit Rebalanced(
            order.epoch,
            order.decisionHash,
            order.modelHash,
            order.datasetHash,
            previous,
            next,
            order.pricesEpoch,
            book.navE18,
            book.highWaterMarkE18,
            order.weights
        );
    }

    // ---------------------------------------------------------------- models, pause, roles, limits

    function approveModel(bytes32 modelHash) external {
        _only(_approver);
        _approved[modelHash] = true;
        emit ModelApproved(modelHash);
    }

    function revokeModel(bytes32 modelHash) external {
        _only(_approver);
        delete _approved[modelHash];
        emit ModelRevoked(modelHash);
    }

    /// @notice The guardian can stop the ledger and what would loosen it, and nothing else; only the admin starts it again.
    function pause() external {
        _onlyGuardianOrAdmin();
        _paused = true;
        emit Paused(msg.sender);
    }

    function unpause() external {
        _only(_admin);
        _paused = false;
        emit Unpaused(msg.sender);
    }

    function setRole(Role role, address account) external {
        _only(_admin);
        _setRole(role, account);
    }

    /// @notice What is tighter than the present limits holds at once. If anything is looser, the whole is kept, and holds when
    /// `applyLimits` is called after LOOSENING_DELAY. Whatever was pending before is dropped.
    function setLimits(Limits calldata limits_, uint16[] calldata groupCapsBps_) external {
        _only(_admin);
        _checkLimits(limits_, groupCapsBps_);
        Limits memory tight = _tighter(_limits, limits_);
        uint16[] memory tightCaps = groupCapsBps();
        for (uint256 group = 0; group < tightCaps.length; ++group) {
            tightCaps[group] = _min(tightCaps[group], groupCapsBps_[group]);
        }
        _setLimits(tight, tightCaps);
        bytes32 wanted = keccak256(abi.encode(limits_, groupCapsBps_));
        if (keccak256(abi.encode(tight, tightCaps)) != wanted) _propose(limits_, groupCapsBps_);
    }

    /// @notice Take the limits that `setLimits` announced, once they are due. The admin's alone: limits that were announced and
    /// then forgotten do not loosen by a stranger's call.
    function applyLimits() external {
        _only(_admin);
        if (_pendingDueAt == 0) revert NoPendingLimits();
        if (block.timestamp < _pendingDueAt) revert LimitsNotDue(_pendingDueAt, block.timestamp);
        _setLimits(_pendingLimits, _unpack(_pendingGroupCaps));
    }

    /// @notice Drop the limits that wait. The guardian may, since that only keeps the ledger tighter.
    function cancelLimits() external {
        _onlyGuardianOrAdmin();
        if (_pendingDueAt == 0) revert NoPendingLimits();
        _pendingDueAt = 0;
        emit LimitsCancelled(msg.sender);
    }

    /// @notice First step of two: the new admin must accept, so that the role cannot be lost to a wrong address.
    function proposeAdmin(address account) external {
        _only(_admin);
        _pendingAdmin = account;
        emit AdminProposed(account);
    }

    function acceptAdmin() external {
        if (_pendingAdmin == address(0)) revert ZeroAddress();
        _only(_pendingAdmin);
        _admin = msg.sender;
        delete _pendingAdmin;
        emit AdminSet(msg.sender);
    }

    // ---------------------------------------------------------------- views

    function state() external view returns (State memory) {
        Book memory book = _book;
        uint256 words = (_fixed().assets >> 4) + 1;
        uint256[] memory packed = new uint256[](words);
        for (uint256 word = 0; word < words; ++word) {
            packed[word] = _weights[word];
        }
        return State({
            epoch: book.epoch,
            pricesEpoch: book.pricesEpoch,
            paused: _paused,
            stateHash: _stateHash,
            navE18: book.navE18,
            highWaterMarkE18: book.highWaterMarkE18,
            weights: packed
        });
    }

    /// @notice Weight of one asset in basis points; "CASH" names the cash.
    function weights(bytes32 symbol) external view returns (uint256) {
        bytes32[] memory symbols = assets();
        uint256 lane = 0;
        while (lane < symbols.length && symbols[lane] != symbol) ++lane;
        if (lane == symbols.length && symbol != "CASH") revert UnknownAsset(symbol);
        return (_weights[lane >> 4] >> ((lane & 15) << 4)) & 0xffff;
    }

    function strategy() external view returns (bytes32) {
        return _fixed().strategy;
    }

    function universe() external view returns (bytes32) {
        return _fixed().universe;
    }

    /// @notice The symbols in the order of the weights, without cash.
    function assets() public view returns (bytes32[] memory symbols) {
        bytes memory args = Clones.fetchCloneArgs(address(this));
        uint256 count = (uint256(uint8(args[64])) << 8) | uint8(args[65]);
        symbols = new bytes32[](count);
        assembly ("memory-safe") {
            mcopy(add(symbols, 32), add(args, add(add(32, GROUPS_AT), count)), shl(5, count))
        }
    }

    function groupOf(uint256 asset) external view returns (uint256) {
        return uint8(_fixed().groups[asset]);
    }

    function limits() external view returns (Limits memory) {
        return _limits;
    }

    function groupCapsBps() public view returns (uint16[] memory) {
        return _unpack(_groupCaps);
    }

    /// @notice The looser limits that wait, and when they may be applied; `dueAt` 0: none wait, and the rest means nothing.
    function pendingLimits()
        external
        view
        returns (Limits memory limits_, uint16[] memory groupCapsBps_, uint64 dueAt)
    {
        return (_pendingLimits, _unpack(_pendingGroupCaps), _pendingDueAt);
    }

    function roles() external view returns (Roles memory) {
        return Roles({
            strategist: _strategist,
            relayer: _relayer,
            attestor: _attestor,
            approver: _approver,
            guardian: _guardian,
            admin: _admin
        });
    }

    function pendingAdmin() external view returns (address) {
        return _pendingAdmin;
    }

    function isModelApproved(bytes32 modelHash) external view returns (bool) {
        return _approved[modelHash];
    }

    // ---------------------------------------------------------------- checks

    function _only(address needed) private view {
        if (msg.sender != needed) revert NotPermitted(msg.sender, needed);
    }

    function _onlyGuardianOrAdmin() private view {
        if (msg.sender != _admin) _only(_guardian);
    }

    function _checkOrder(RebalanceOrder calldata order, bytes32 strategy_, Book memory book, bytes32 previous)
        private
        view
    {
        if (order.strategy != strategy_) revert WrongStrategy(order.strategy, strategy_);
        if (order.epoch != uint256(book.epoch) + 1) revert WrongEpoch(order.epoch, uint256(book.epoch) + 1);
        if (order.previousStateHash != previous) revert WrongState(order.previousStateHash, previous);
        if (block.timestamp > order.deadline) revert DeadlinePassed(order.deadline, block.timestamp);
        if (order.pricesEpoch <= book.pricesEpoch) revert StalePrices(order.pricesEpoch, book.pricesEpoch);
        if (!_approved[order.modelHash]) revert UnapprovedModel(order.modelHash);
    }

    function _checkSignatures(
        RebalanceOrder calldata order,
        bytes32 weightsHash,
        bytes calldata orderSignature,
        uint80 navE18,
        bytes calldata attestation
    ) private view {
        bytes32 orderHash = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ORDER_TYPEHASH,
                    order.strategy,
                    order.epoch,
                    order.previousStateHash,
                    weightsHash,
                    order.modelHash,
                    order.decisionHash,
                    order.datasetHash,
                    order.pricesEpoch,
                    order.deadline
                )
            )
        );
        (bool valid, address recovered) = _signedBy(_strategist, orderHash, orderSignature);
        if (!valid) revert InvalidOrderSignature(recovered, _strategist);
        bytes32 attestationHash = _hashTypedDataV4(
            keccak256(abi.encode(ATTESTATION_TYPEHASH, order.strategy, order.epoch, order.pricesEpoch, navE18))
        );
        (valid, recovered) = _signedBy(_attestor, attestationHash, attestation);
        if (!valid) revert InvalidAttestation(recovered, _attestor);
    }

    /// @dev A key's signature, or that of a contract wallet (ERC-1271). Recovery first: it spares the look at the account's code.
    function _signedBy(address account, bytes32 hash, bytes calldata signature)
        private
        view
        returns (bool valid, address recovered)
    {
        ECDSA.RecoverError problem;
        (recovered, problem,) = ECDSA.tryRecoverCalldata(hash, signature);
        valid = (problem == ECDSA.RecoverError.NoError && recovered == account)
            || (account.code.length != 0
                && SignatureChecker.isValidERC1271SignatureNowCalldata(account, hash, signature));
    }

    /// @dev Takes the attested value into `book`. The first one is free: it is the base of all that follow.
    /// @return drawdownBps Fall from the high-water mark, rounded up.
    function _mark(Book memory book, Limits memory limits_, uint80 navE18, uint32 pricesEpoch)
        private
        pure
        returns (uint256 drawdownBps)
    {
        uint256 last = book.navE18;
        bool first = book.epoch == 0;
        uint256 change = navE18 > last ? navE18 - last : last - navE18;
        uint256 bound = uint256(limits_.maxNavChangeBpsPerDay) * (pricesEpoch - book.pricesEpoch);
        if (navE18 == 0 || (!first && change * BPS > bound * last)) revert NavOutOfBounds(navE18, last, bound);
        bool restart = limits_.resetAfterDays != 0 && pricesEpoch - book.highSince >= limits_.resetAfterDays;
        if (first || restart || navE18 > book.highWaterMarkE18) {
            book.highWaterMarkE18 = navE18;
            book.highSince = pricesEpoch;
        }
        book.navE18 = navE18;
        book.pricesEpoch = pricesEpoch;
        uint256 high = book.highWaterMarkE18;
        drawdownBps = ((high - navE18) * BPS + high - 1) / high;
    }

    /// @dev Checks the weights against the last ones and the limits, and stores them.
    function _place(
        uint256[] calldata next,
        Fixed memory fixed_,
        Limits memory limits_,
        uint256 turnoverCap,
        uint256 drawdownBps
    ) private {
        uint256 count = fixed_.assets;
        if (next.length != (count >> 4) + 1) revert WrongWeightCount(next.length, (count >> 4) + 1);
        // A word a group: its new weight in the lower half, its last weight in the upper half.
        uint256[] memory groupSums = new uint256[](fixed_.groupCount);
        uint256 bought = 0;
        uint256 sum = 0;
        for (uint256 word = 0; word < next.length; ++word) {
            uint256 lanes = next[word];
            uint256 lastLanes = _weights[word];
            if (lanes != lastLanes) _weights[word] = lanes;
            uint256 end = count - (word << 4);
            if (end > 16) end = 16;
            (uint256 wordSum, uint256 wordBought) =
                _checkWord(lanes, lastLanes, word << 4, (word << 4) + end, fixed_.groups, groupSums, limits_);
            // A lane holds 16 bits and a list 740 assets: neither sum can overflow.
            unchecked {
                sum += wordSum;
                bought += wordBought;
            }
            if (end < 16) {
                lanes >>= end << 4;
                lastLanes >>= end << 4;
                if (lanes > 0xffff) revert WeightsBeyondAssets(lanes);
                _checkTotals(sum, lanes, lastLanes, bought, limits_, turnoverCap, drawdownBps);
            }
        }
        _checkGroups(groupSums, limits_.passiveBandBps);
    }

    /// @dev The lanes of one word that are assets `first` to `end`. No sum can overflow, as in `_place`.
    function _checkWord(
        uint256 lanes,
        uint256 lastLanes,
        uint256 first,
        uint256 end,
        bytes memory groups,
        uint256[] memory groupSums,
        Limits memory limits_
    ) private pure returns (uint256 sum, uint256 bought) {
        uint256 cap = limits_.maxWeightBps;
        unchecked {
            for (uint256 asset = first; asset < end; ++asset) {
                uint256 weight = lanes & 0xffff;
                uint256 last = lastLanes & 0xffff;
                lanes >>= 16;
                lastLanes >>= 16;
                if (weight | last == 0) continue;
                if (weight > last) {
                    bought += weight - last;
                    if (weight > cap && _exceeds(weight, last, cap, limits_.passiveBandBps)) {
                        revert AssetCapExceeded(asset, weight, cap);
                    }
                }
                sum += weight;
                // groupSums[groups[asset]] += weight | last << 128. In bounds: asset < assets, and the factory counted the groups.
                assembly ("memory-safe") {
                    let at := add(add(groupSums, 32), shl(5, byte(0, mload(add(add(groups, 32), asset)))))
                    mstore(at, add(mload(at), or(weight, shl(128, last))))
                }
            }
        }
    }

    function _checkTotals(
        uint256 gross,
        uint256 cash,
        uint256 lastCash,
        uint256 bought,
        Limits memory limits_,
        uint256 turnoverCap,
        uint256 drawdownBps
    ) private pure {
        if (gross + cash != BPS) revert WeightsDoNotSum(gross + cash);
        uint256 lastGross = BPS - lastCash;
        uint256 cap = limits_.maxGrossBps;
        if (gross > cap && _exceeds(gross, lastGross, cap, limits_.passiveBandBps)) revert GrossCapExceeded(gross, cap);
        if (bought > turnoverCap) revert TurnoverExceeded(bought, turnoverCap);
        if (drawdownBps > limits_.maxDrawdownBps && gross >= lastGross && gross != 0) {
            revert DrawdownLimit(drawdownBps, gross, lastGross);
        }
    }

    function _checkGroups(uint256[] memory groupSums, uint256 band) private view {
        uint256 caps = 0;
        for (uint256 group = 0; group < groupSums.length; ++group) {
            if (group & 15 == 0) caps = _groupCaps[group >> 4];
            uint256 weight = groupSums[group] & type(uint128).max;
            if (weight > caps & 0xffff && _exceeds(weight, groupSums[group] >> 128, caps & 0xffff, band)) {
                revert GroupCapExceeded(group, weight, caps & 0xffff);
            }
            caps >>= 16;
        }
    }

    /// @dev For a weight above its cap: false when it is not larger than the last one, or stands within the band over it.
    function _exceeds(uint256 weight, uint256 last, uint256 cap, uint256 band) private pure returns (bool) {
        return weight > last && weight > (last < cap ? last : cap) + band;
    }

    // ---------------------------------------------------------------- set

    function _setRole(Role role, address account) private {
        if (account == address(0)) revert ZeroAddress();
        if (role == Role.Strategist) _strategist = account;
        else if (role == Role.Relayer) _relayer = account;
        else if (role == Role.Attestor) _attestor = account;
        else if (role == Role.Approver) _approver = account;
        else _guardian = account;
        emit RoleSet(role, account);
    }

    function _checkLimits(Limits calldata limits_, uint16[] calldata groupCapsBps_) private view {
        _checkLimit(limits_.maxWeightBps);
        _checkLimit(limits_.maxGrossBps);
        _checkLimit(limits_.maxTurnoverBps);
        _checkLimit(limits_.driftBpsPerDay);
        _checkLimit(limits_.passiveBandBps);
        _checkLimit(limits_.maxDrawdownBps);
        _checkLimit(limits_.maxNavChangeBpsPerDay);
        uint256 groupCount = _fixed().groupCount;
        if (groupCapsBps_.length != groupCount) revert WrongGroupCount(groupCapsBps_.length, groupCount);
        for (uint256 group = 0; group < groupCount; ++group) {
            _checkLimit(groupCapsBps_[group]);
        }
    }

    function _checkLimit(uint256 valueBps) private pure {
        if (valueBps > BPS) revert InvalidLimit(valueBps);
    }

    function _setLimits(Limits memory limits_, uint16[] memory groupCapsBps_) private {
        _limits = limits_;
        _pack(groupCapsBps_, _groupCaps);
        _pendingDueAt = 0;
        emit LimitsSet(limits_, groupCapsBps_);
    }

    function _propose(Limits calldata limits_, uint16[] calldata groupCapsBps_) private {
        _pendingLimits = limits_;
        _pack(groupCapsBps_, _pendingGroupCaps);
        _pendingDueAt = uint64(block.timestamp + LOOSENING_DELAY);
        emit LimitsProposed(limits_, groupCapsBps_, _pendingDueAt);
    }

    /// @dev The tighter of each pair.
    function _tighter(Limits memory a, Limits memory b) private pure returns (Limits memory) {
        return Limits({
            maxWeightBps: _min(a.maxWeightBps, b.maxWeightBps),
            maxGrossBps: _min(a.maxGrossBps, b.maxGrossBps),
            maxTurnoverBps: _min(a.maxTurnoverBps, b.maxTurnoverBps),
            driftBpsPerDay: _min(a.driftBpsPerDay, b.driftBpsPerDay),
            passiveBandBps: _min(a.passiveBandBps, b.passiveBandBps),
            maxDrawdownBps: _min(a.maxDrawdownBps, b.maxDrawdownBps),
            maxNavChangeBpsPerDay: _min(a.maxNavChangeBpsPerDay, b.maxNavChangeBpsPerDay),
            resetAfterDays: _later(a.resetAfterDays, b.resetAfterDays)
        });
    }

    function _min(uint16 a, uint16 b) private pure returns (uint16) {
        return a < b ? a : b;
    }

    /// @dev Of two numbers of days of which 0 is never.
    function _later(uint16 a, uint16 b) private pure returns (uint16) {
        if (a == 0 || b == 0) return 0;
        return a > b ? a : b;
    }

    /// @dev One cap a group, 16 to a word.
    function _pack(uint16[] memory caps, mapping(uint256 word => uint256 lanes) storage into) private {
        uint256 lanes = 0;
        for (uint256 group = 0; group < caps.length; ++group) {
            lanes |= uint256(caps[group]) << ((group & 15) << 4);
            if (group & 15 == 15 || group + 1 == caps.length) {
                into[group >> 4] = lanes;
                lanes = 0;
            }
        }
    }

    function _unpack(mapping(uint256 word => uint256 lanes) storage from) private view returns (uint16[] memory caps) {
        caps = new uint16[](_fixed().groupCount);
        for (uint256 group = 0; group < caps.length; ++group) {
            caps[group] = uint16(from[group >> 4] >> ((group & 15) << 4));
        }
    }

    /// @dev Reads the head of the clone's code: no storage, and the symbols behind it are left out.
    function _fixed() private view returns (Fixed memory result) {
        bytes memory head = new bytes(GROUPS_AT);
        assembly ("memory-safe") {
            extcodecopy(address(), add(head, 32), ARGS_AT, GROUPS_AT)
            mstore(result, mload(add(head, 32)))
            mstore(add(result, 32), mload(add(head, 64)))
            mstore(add(result, 64), shr(240, mload(add(head, 96))))
            mstore(add(result, 96), shr(240, mload(add(head, 98))))
        }
        bytes memory groups = new bytes(result.assets);
        assembly ("memory-safe") {
            extcodecopy(address(), add(groups, 32), add(ARGS_AT, GROUPS_AT), mload(groups))
        }
        result.groups = groups;
    }
}
