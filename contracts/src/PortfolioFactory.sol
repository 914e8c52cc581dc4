// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {Portfolio} from "./Portfolio.sol";

/// @title Makes one ledger (EIP-1167 clone) per strategy and universe
/// @notice The address follows from who makes it, the strategy, the universe, the symbols and the groups: the same list twice
/// is refused by the chain itself, and another list is another ledger.
contract PortfolioFactory {
    /// @dev A clone's code may hold 24,576 bytes: 33 an asset.
    uint256 public constant MAX_ASSETS = 740;

    address public immutable implementation;

    event PortfolioCreated(
        address indexed portfolio,
        bytes32 indexed strategy,
        bytes32 indexed universe,
        address creator,
        bytes32[] symbols,
        uint8[] groups
    );

    error WrongAssetCount(uint256 assets, uint256 groups);
    error InvalidSymbol(uint256 asset, bytes32 symbol);

    constructor() {
        implementation = address(new Portfolio());
    }

    /// @param groups The group number of each asset, from 0 without gaps; `groupCapsBps` has one cap a group.
    function create(
        bytes32 strategy,
        bytes32 universe,
        bytes32[] calldata symbols,
        uint8[] calldata groups,
        Portfolio.Roles calldata roles,
        Portfolio.Limits calldata limits,
        uint16[] calldata groupCapsBps
    ) external returns (address portfolio) {
        portfolio = Clones.cloneDeterministicWithImmutableArgs(
            implementation, _arguments(strategy, universe, symbols, groups), _salt(msg.sender)
        );
        Portfolio(portfolio).initialize(roles, limits, groupCapsBps);
        emit PortfolioCreated(portfolio, strategy, universe, msg.sender, symbols, groups);
    }

    /// @notice Where `create` by `creator` puts, or has put, the ledger.
    function addressOf(
        address creator,
        bytes32 strategy,
        bytes32 universe,
        bytes32[] calldata symbols,
        uint8[] calldata groups
    ) external view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementation, _arguments(strategy, universe, symbols, groups), _salt(creator)
        );
    }

    /// @dev Another's call cannot take a creator's address, nor hand it other roles.
    function _salt(address creator) private pure returns (bytes32) {
        return bytes32(uint256(uint160(creator)));
    }

    function _arguments(bytes32 strategy, bytes32 universe, bytes32[] calldata symbols, uint8[] calldata groups)
        private
        pure
        returns (bytes memory)
    {
        uint256 count = symbols.length;
        if (count == 0 || count > MAX_ASSETS || groups.length != count) revert WrongAssetCount(count, groups.length);
        bytes memory packedGroups = new bytes(count);
        uint256 groupCount = 0;
        for (uint256 asset = 0; asset < count; ++asset) {
            bytes32 symbol = symbols[asset];
            if (symbol == 0 || symbol == "CASH" || (asset != 0 && symbol <= symbols[asset - 1])) {
                revert InvalidSymbol(asset, symbol);
            }
            packedGroups[asset] = bytes1(groups[asset]);
            if (groups[asset] >= groupCount) groupCount = uint256(groups[asset]) + 1;
        }
        return abi.encodePacked(strategy, universe, uint16(count), uint16(groupCount), packedGroups, symbols);
    }
}
